import type { ReactNode } from 'react';
import type { LookAhead, StudyResult } from '#model/api/switching.ts';
import { useTimeView } from '../app/use_time_view.ts';
import { formatCount, formatShare, formatTimeSeconds } from '../lib/time/format.ts';
import { aheadWords } from './ahead_words.ts';

const tones = { bad: 'font-semibold text-bad', warn: 'text-warn', plain: '' };
const marks = { bad: '▲ ', warn: '◆ ', plain: '' };

export function Ahead({ look }: { look: LookAhead | null }) {
  if (look === null) return <span className="text-dim">not studied yet</span>;
  return (
    <ul>
      {aheadWords(look).map(({ text, tone }) => (
        <li key={text} className={tones[tone]}>
          {marks[tone]}
          {text}
        </li>
      ))}
      {look.critical_meters.length > 0 && (
        <li className="text-[12px] text-dim">critical: {look.critical_meters.join(', ')}</li>
      )}
    </ul>
  );
}

/** What is inside is not the grid: the frame and its word stay in sight however far one scrolls. */
export function StudyFrame({ result, children }: { result: StudyResult | null; children: ReactNode }) {
  const view = useTimeView();
  return (
    <div className="border-[3px] border-dashed border-brand" data-study="true">
      <p className="sticky top-0 z-10 flex flex-wrap items-baseline gap-x-3 bg-brand px-3 py-1 font-semibold text-black">
        <span className="tracking-[0.3em]">STUDY</span>
        <span className="font-normal">a copy of the grid; nothing live changes</span>
      </p>
      {children}
      {result && (
        <p className="border-t border-rule px-3 py-1.5 text-[12px] text-dim">
          Customers without supply by the topology: {formatCount(result.customers_out_before)} before,{' '}
          <strong className="text-ink">{formatCount(result.customers_out_after)} after all steps</strong>. Loads of{' '}
          {formatTimeSeconds(result.load_at, view)}, {formatShare(result.measured_share, 1)} of the meters by reading,
          the rest by peak demand.
        </p>
      )}
    </div>
  );
}
