import type { UseQueryResult } from '@tanstack/react-query';
import type { GeneratorEstimate } from '#model/api/generator.ts';
import { formatAge, formatBytes, formatCount } from '../lib/time/format.ts';

/** What the run will come to, before it is started. */
export function Estimate({ estimate, isWrong }: { estimate: UseQueryResult<GeneratorEstimate>; isWrong: boolean }) {
  const { data, error, isFetching } = estimate;
  if (isWrong) return <p className="text-dim">Put right what is marked to see what the run will come to.</p>;
  if (error)
    return (
      <p role="alert" className="text-bad">
        ▲ {error.message}
      </p>
    );
  if (!data) return <p className="text-dim">Reckoning…</p>;
  return (
    <div className={isFetching ? 'opacity-60' : ''}>
      <dl className="grid grid-cols-2 gap-px border border-rule bg-rule sm:grid-cols-4 lg:grid-cols-2">
        <Figure name="Meters" value={formatCount(data.meters)} />
        <Figure name="Readings" value={formatCount(data.readings)} />
        <Figure name="On disk or sent" value={`about ${formatBytes(data.bytes)}`} />
        <Figure
          name={`Time, by ${data.rate_from}`}
          value={data.seconds < 1 ? 'under 1 s' : `about ${formatAge(data.seconds)}`}
        />
      </dl>
      {data.warnings.map((warning) => (
        <p key={warning} className="mt-2 border-l-2 border-low pl-2">
          {warning}
        </p>
      ))}
    </div>
  );
}

function Figure({ name, value }: { name: string; value: string }) {
  return (
    <div className="bg-pane px-2.5 py-1.5">
      <dt className="text-[12px] text-dim">{name}</dt>
      <dd className="font-semibold">{value}</dd>
    </div>
  );
}
