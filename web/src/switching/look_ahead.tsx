import type { ReactNode } from 'react';
import type { LookAhead, StudyResult } from '#model/api/switching.ts';
import { StudyFrame } from '../app/study_frame.tsx';
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

/** What is tried here, on a copy of the grid; below it what comes of all steps. */
export function SwitchingStudy({ result, children }: { result: StudyResult | null; children: ReactNode }) {
  const view = useTimeView();
  return (
    <StudyFrame of="the grid">
      {children}
      {result && (
        <p className="border-t border-rule px-3 py-1.5 text-[12px] text-dim">
          Customers without supply by the topology: {formatCount(result.customers_out_before)} before,{' '}
          <strong className="text-ink">{formatCount(result.customers_out_after)} after all steps</strong>. Loads of{' '}
          {formatTimeSeconds(result.load_at, view)}, {formatShare(result.measured_share, 1)} of the meters by reading
          {result.measured_share < 1 && ', the rest by peak demand'}.
        </p>
      )}
    </StudyFrame>
  );
}
