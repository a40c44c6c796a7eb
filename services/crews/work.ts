/** What an event makes of a crew and its jobs: pure, the service stores the outcome. */
import type { CrewStatus } from '#model/api/crews.ts';
import { FluxError } from '#model/errors.ts';
import { type CrewEvent, hasJobAtHand, nextStatus } from './lifecycle.ts';

export interface Work {
  status: CrewStatus;
  /** outage ids: the job at hand first, where the status has one; then those that wait */
  jobs: readonly string[];
}

export interface Move {
  verb: string;
  from: CrewStatus;
  to: CrewStatus;
  outage: string | null;
}

export interface Outcome {
  work: Work;
  moves: Move[];
  /** jobs that were taken away and that nobody finished */
  freed: string[];
}

/**
 * @param outage of `assign` the new job; of `release` one of its jobs, the one at hand where undefined
 * @throws FluxError `invalid_transition`; `conflict` where the job is there already, or is not
 */
export function applyEvent(crewId: string, work: Work, event: Exclude<CrewEvent, 'queue' | 'drop'>, outage?: string) {
  const { status, jobs } = work;
  const atHand = hasJobAtHand(status) ? jobs[0] : undefined;
  if (event === 'assign') return assign(crewId, work, outage!);
  if (event === 'release' && outage !== undefined && outage !== atHand) {
    if (!jobs.includes(outage)) throw new FluxError('conflict', `crew ${crewId} has no job at ${outage} any more`);
    const to = nextStatus(crewId, status, 'drop');
    return {
      work: { status: to, jobs: jobs.filter((job) => job !== outage) },
      moves: [{ verb: 'drop', from: status, to, outage }],
      freed: [outage],
    };
  }
  const to = nextStatus(crewId, status, event);
  const moves: Move[] = [{ verb: event, from: status, to, outage: atHand ?? null }];
  if (to === 'off_shift' || to === 'unavailable') return { work: { status: to, jobs: [] }, moves, freed: [...jobs] };
  if (event === 'release' || event === 'complete')
    return startNext(crewId, { status: to, jobs: jobs.slice(1) }, moves, event === 'release' ? [jobs[0]] : []);
  return startNext(crewId, { status: to, jobs }, moves, []);
}

function assign(crewId: string, { status, jobs }: Work, outage: string): Outcome {
  if (jobs.includes(outage)) throw new FluxError('conflict', `crew ${crewId} has ${outage} already`);
  const event = status === 'available' ? 'assign' : 'queue';
  const to = nextStatus(crewId, status, event);
  return {
    work: { status: to, jobs: [...jobs, outage] },
    moves: [{ verb: event, from: status, to, outage }],
    freed: [],
  };
}

/** A crew that has become free goes on with the first job that waits. */
function startNext(crewId: string, work: Work, moves: Move[], freed: string[]): Outcome {
  if (work.status !== 'available' || work.jobs.length === 0) return { work, moves, freed };
  const to = nextStatus(crewId, 'available', 'assign');
  return {
    work: { status: to, jobs: work.jobs },
    moves: [...moves, { verb: 'assign', from: 'available', to, outage: work.jobs[0] }],
    freed,
  };
}
