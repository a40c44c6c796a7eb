/** What stands where on the crew board. Arithmetic only; the drawing is in the .tsx files. */
import type { Crew, CrewKind, CrewStatus } from '#model/api/crews.ts';
import { formatAge } from '../lib/time/format.ts';

export interface BoardColumn {
  title: string;
  statuses: readonly CrewStatus[];
}

/** In the order of a job; who can not be sent stands last. */
export const boardColumns: readonly BoardColumn[] = [
  { title: 'Available', statuses: ['available'] },
  { title: 'Assigned', statuses: ['assigned'] },
  { title: 'En route', statuses: ['en_route'] },
  { title: 'On site', statuses: ['on_site'] },
  { title: 'Break', statuses: ['on_break'] },
  { title: 'Off duty', statuses: ['off_shift', 'unavailable'] },
];

export const kindWords: Record<CrewKind, { short: string; name: string }> = {
  troubleman: { short: 'TR', name: 'troubleman' },
  line: { short: 'LN', name: 'line crew' },
  underground: { short: 'UG', name: 'underground crew' },
  tree: { short: 'TC', name: 'tree crew' },
  damage_assessor: { short: 'DA', name: 'damage assessor' },
};

export interface BoardFilter {
  area: string | null;
  kind: CrewKind | '';
  text: string;
}

export function matchesBoard(crew: Crew, { area, kind, text }: BoardFilter): boolean {
  if (area !== null && crew.area_id !== area) return false;
  if (kind !== '' && crew.kind !== kind) return false;
  const words = `${crew.id} ${crew.name} ${crew.skills.join(' ')} ${crew.jobs.map((job) => job.outage_id).join(' ')}`;
  return words.toLowerCase().includes(text.trim().toLowerCase());
}

export function inColumns(crews: readonly Crew[]): Crew[][] {
  return boardColumns.map(({ statuses }) => crews.filter((crew) => statuses.includes(crew.status)));
}

export interface Note {
  text: string;
  tone: 'plain' | 'warn';
}

const oldPositionS = 30 * 60;
const soonS = 60 * 60;

/** How much of the shift is left, or how far a working crew is beyond it. */
export function shiftNote(crew: Crew, nowMs: number): Note {
  if (crew.shifts.length === 0) return { text: 'on call', tone: 'plain' };
  const isWorking = crew.status !== 'off_shift' && crew.status !== 'unavailable';
  const at = (text: string | null): number => (text === null ? Number.NaN : (Date.parse(text) - nowMs) / 1000);
  if (crew.in_shift) {
    const leftS = at(crew.shift_to);
    return { text: `shift ends in ${formatAge(leftS)}`, tone: isWorking && leftS < soonS ? 'warn' : 'plain' };
  }
  if (isWorking) return { text: 'outside its shift', tone: 'warn' };
  return {
    text: crew.shift_from === null ? 'no shift ahead' : `on in ${formatAge(at(crew.shift_from))}`,
    tone: 'plain',
  };
}

export function positionNote(crew: Crew, nowMs: number): Note {
  if (crew.position_at === null) return { text: 'no position', tone: 'plain' };
  const ageS = (nowMs - Date.parse(crew.position_at)) / 1000;
  return { text: `position ${formatAge(ageS)} old`, tone: ageS > oldPositionS ? 'warn' : 'plain' };
}
