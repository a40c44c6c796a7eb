import { useMutation, useQueryClient } from '@tanstack/react-query';
import { type KeyboardEvent, useState } from 'react';
import type { GeneratorJob, GeneratorVerb } from '#model/api/generator.ts';
import type { GeneratorOptions } from '#model/generator.ts';
import { useTimeView } from '../app/use_time_view.ts';
import { actOnGeneratorJob } from '../lib/api/endpoints.ts';
import { useLive } from '../lib/push/live_store.ts';
import { formatAge, formatBytes, formatCount, formatDayTime, formatNumber } from '../lib/time/format.ts';
import { optionsInWords, secondsLeft, shareDone, targetWords } from './options.ts';

const verbsOf: Record<GeneratorJob['state'], GeneratorVerb[]> = {
  queued: ['pause', 'cancel'],
  running: ['pause', 'cancel'],
  paused: ['resume', 'cancel'],
  failed: ['resume', 'cancel'],
  done: [],
  cancelled: [],
};
const marks: Record<GeneratorJob['state'], string> = {
  queued: '○ queued',
  running: '● running',
  paused: '‖ paused',
  done: '✓ done',
  failed: '▲ failed',
  cancelled: '✕ cancelled',
};

/** Runs, newest first. The list takes j and k, a run p and x. */
export function Runs({ jobs, again }: { jobs: GeneratorJob[]; again: (options: GeneratorOptions) => void }) {
  function key(event: KeyboardEvent<HTMLUListElement>) {
    if (event.key !== 'j' && event.key !== 'k') return;
    if (event.target instanceof HTMLInputElement) return;
    const rows = [...event.currentTarget.querySelectorAll<HTMLElement>(':scope > li')];
    const at = rows.findIndex((row) => row.contains(document.activeElement));
    rows[Math.min(rows.length - 1, Math.max(0, at + (event.key === 'j' ? 1 : -1)))]?.focus();
    event.preventDefault();
  }
  return (
    <ul onKeyDown={key} className="border border-rule">
      {jobs.map((job) => (
        <Run key={job.id} job={job} again={again} />
      ))}
    </ul>
  );
}

function Run({ job, again }: { job: GeneratorJob; again: (options: GeneratorOptions) => void }) {
  const view = useTimeView();
  const client = useQueryClient();
  const connection = useLive((live) => live.connection);
  const [asksCancel, setAsksCancel] = useState(false);
  const act = useMutation({
    mutationFn: (verb: GeneratorVerb) => actOnGeneratorJob(job.id, verb),
    onSettled: () => {
      setAsksCancel(false);
      return client.invalidateQueries({ queryKey: ['generator-jobs'] });
    },
  });
  const options = job.options as unknown as GeneratorOptions;
  const verbs = verbsOf[job.state];
  const isBlocked = connection !== 'live' || act.isPending;
  const isOver = job.state === 'done' || job.state === 'cancelled';
  function key(event: KeyboardEvent<HTMLLIElement>) {
    if (event.target !== event.currentTarget || isBlocked) return;
    const toggle = verbs.find((verb) => verb !== 'cancel');
    if (event.key === 'p' && toggle) act.mutate(toggle);
    else if (event.key === 'x' && verbs.includes('cancel')) setAsksCancel(true);
    else return;
    event.preventDefault();
  }
  const label = `Run ${job.id}, ${job.state}`;
  return (
    <li
      // biome-ignore lint/a11y/noNoninteractiveTabindex: a run is a stop of the keyboard, its keys are p and x
      tabIndex={0}
      aria-label={label}
      onKeyDown={key}
      className="border-t border-rule p-3 first:border-t-0"
      data-run={job.id}
    >
      <div className="flex flex-wrap items-baseline gap-x-3 gap-y-1">
        <strong>Run {job.id}</strong>
        <span className={job.state === 'failed' ? 'font-semibold text-bad' : job.state === 'running' ? '' : 'text-dim'}>
          {marks[job.state]}
        </span>
        <span className="text-dim">
          {options.live
            ? 'live'
            : options.days === 1
              ? '1 day'
              : `${formatNumber(options.days, Number.isInteger(options.days) ? 0 : 2)} days`}{' '}
          from {formatDayTime(options.start, { ...view, utc: true })} UTC · {formatCount(job.meters)} meters ·{' '}
          {targetWords(options.target).name.toLowerCase()}
        </span>
        <div className="ml-auto flex gap-2">
          {asksCancel ? (
            <>
              <span>What it delivered stays.</span>
              <button type="button" className="button" disabled={isBlocked} onClick={() => act.mutate('cancel')}>
                Cancel the run
              </button>
              <button type="button" className="button" onClick={() => setAsksCancel(false)}>
                Go on
              </button>
            </>
          ) : (
            verbs.map((verb) => (
              <button
                key={verb}
                type="button"
                className="button"
                disabled={isBlocked}
                onClick={() => (verb === 'cancel' ? setAsksCancel(true) : act.mutate(verb))}
              >
                {{ pause: 'Pause', resume: 'Resume', cancel: 'Cancel…' }[verb]}
              </button>
            ))
          )}
        </div>
      </div>
      <Progress job={job} isLive={options.live} />
      <p className="mt-1 text-[12px] text-dim">
        {optionsInWords(options)} · by {job.created_by}, {formatDayTime(job.created_at, view)}
      </p>
      {job.waits_for && <p className="mt-1 text-[12px]">Waits for {job.waits_for}.</p>}
      {job.error && (
        <p role="alert" className="mt-1 text-bad">
          {job.error}
        </p>
      )}
      {act.error && (
        <p role="alert" className="mt-1 text-bad">
          {act.error.message}
        </p>
      )}
      <details className="mt-1">
        <summary className="w-fit cursor-pointer text-[12px] text-dim hover:text-ink">
          {isOver ? 'Result and command' : 'Command'}
        </summary>
        <dl className="mt-1 grid grid-cols-[auto_minmax(0,1fr)] gap-x-4 gap-y-1 text-[12px]">
          <dt className="text-dim">Delivers to</dt>
          <dd className="break-all">{job.delivers_to}</dd>
          {job.sha256 && (
            <>
              <dt className="text-dim">SHA-256</dt>
              <dd className="font-mono break-all">{job.sha256}</dd>
            </>
          )}
          <dt className="text-dim">Same by command</dt>
          <dd className="flex flex-wrap items-start gap-2">
            <code className="font-mono [overflow-wrap:anywhere] select-all">{job.command}</code>
            <Copy text={job.command} />
          </dd>
        </dl>
        <button type="button" className="button mt-2" onClick={() => again(options)}>
          Use these options
        </button>
      </details>
    </li>
  );
}

function Progress({ job, isLive }: { job: GeneratorJob; isLive: boolean }) {
  const share = shareDone(job);
  const left = secondsLeft(job);
  const percent = Math.floor(share * 1000) / 10;
  const tone = job.state === 'failed' ? 'bg-bad' : job.state === 'running' ? 'bg-ink' : 'bg-faint';
  return (
    <>
      <div
        role="progressbar"
        aria-label={`Progress of run ${job.id}`}
        aria-valuenow={percent}
        aria-valuemin={0}
        aria-valuemax={100}
        className="mt-2 h-1.5 overflow-hidden rounded-sm bg-rule"
      >
        <div className={`h-full ${tone}`} style={{ width: `${share * 100}%` }} />
      </div>
      <p className="mt-1 flex flex-wrap gap-x-3">
        <span>
          <strong>{percent}%</strong> {formatCount(job.rows_done)} of {formatCount(job.rows_expected)} readings
        </span>
        {job.events_done > 0 && <span>{formatCount(job.events_done)} events</span>}
        {job.byte_count > 0 && <span className="text-dim">{formatBytes(job.byte_count)}</span>}
        {(job.state === 'running' || job.state === 'done') && job.readings_per_s !== null && (
          <span className="text-dim">{formatCount(job.readings_per_s)} readings/s</span>
        )}
        {left !== null && !isLive && <span>{formatAge(left)} left</span>}
      </p>
    </>
  );
}

function Copy({ text }: { text: string }) {
  const [said, setSaid] = useState('Copy');
  return (
    <button
      type="button"
      className="button"
      onClick={() =>
        // without a secure context there is no clipboard: the command is selected by a click on it
        void Promise.resolve(navigator.clipboard?.writeText(text))
          .then(() => setSaid(navigator.clipboard ? 'Copied' : 'Select it to copy'))
          .catch(() => setSaid('Select it to copy'))
      }
    >
      {said}
    </button>
  );
}
