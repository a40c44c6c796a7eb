import { useMutation } from '@tanstack/react-query';
import { useState } from 'react';
import type { SetAsideCount } from '#model/api/pipeline.ts';
import { resubmitAll, type SetAsideFilter } from '../lib/api/endpoints.ts';
import { useLive } from '../lib/push/live_store.ts';
import { formatCount } from '../lib/time/format.ts';
import { resubmissionInWords } from './set_aside_words.ts';

/** Everything open that the filter names, again: after a network was imported, or a sender's mistake was mended. */
export function ResubmitAll({
  filter,
  counts,
  done,
}: {
  filter: SetAsideFilter;
  counts: SetAsideCount[];
  done: () => void;
}) {
  const [asks, setAsks] = useState(false);
  const connection = useLive((live) => live.connection);
  const { source, code, text } = filter;
  const again = useMutation({
    mutationFn: () => resubmitAll({ source, code, text: text || undefined }),
    onSettled: () => {
      setAsks(false);
      done();
    },
  });
  const open = counts
    .filter((row) => row.state === 'open' && (!source || row.source === source) && (!code || row.code === code))
    .reduce((sum, row) => sum + row.count, 0);
  const scope = [source && `of ${source}`, code && `with ${code}`, text && `that hold “${text}”`]
    .filter(Boolean)
    .join(' ');
  const isOfFilter = filter.state === undefined || filter.state === 'open';
  if (open === 0 && !again.data && !again.error) return null;
  return (
    <div className="flex flex-wrap items-center gap-2 border-b border-rule px-2 py-1.5">
      {asks ? (
        <>
          <span>
            Submit {text ? 'all' : `all ${formatCount(open)}`} open records {scope} again?
          </span>
          <button
            type="button"
            className="button button-primary"
            disabled={again.isPending || connection !== 'live'}
            onClick={() => again.mutate()}
          >
            {again.isPending ? 'Submitting…' : 'Re-submit all'}
          </button>
          <button type="button" className="button" onClick={() => setAsks(false)}>
            Not now
          </button>
        </>
      ) : (
        <button
          type="button"
          className="button"
          disabled={open === 0 || !isOfFilter || connection !== 'live'}
          onClick={() => setAsks(true)}
        >
          Re-submit all {text ? 'that match' : `${formatCount(open)} open`}…
        </button>
      )}
      <span role="status" className={again.error ? 'text-bad' : 'text-dim'}>
        {again.error?.message ?? (again.data ? resubmissionInWords(again.data) : '')}
      </span>
    </div>
  );
}
