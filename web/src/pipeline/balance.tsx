import { formatCount } from '../lib/time/format.ts';
import { type Counts, fates } from './group.ts';

const shade: Record<(typeof fates)[number], string> = {
  stored: 'bg-faint',
  superseded: 'bg-dim',
  duplicate: 'bg-dim',
  set_aside: 'bg-low',
  pending: 'bg-rule',
};
const names: Record<(typeof fates)[number], string> = {
  stored: 'stored',
  superseded: 'superseded',
  duplicate: 'duplicate',
  set_aside: 'set aside',
  pending: 'pending',
};

/** Where the records of a source went, to scale, and whether none is missing. */
export function Balance({ counts, missing, unbalanced }: { counts: Counts; missing: number; unbalanced: number }) {
  const parts = fates.map((fate) => ({ fate, share: counts.received > 0 ? counts[fate] / counts.received : 0 }));
  const told = parts
    .filter(({ fate }) => counts[fate] > 0)
    .map(({ fate, share }) => `${names[fate]} ${formatCount(counts[fate])} (${(share * 100).toFixed(1)}%)`)
    .join(', ');
  const verdict =
    unbalanced > 0
      ? missing === 0
        ? `${unbalanced} partitions do not balance`
        : `${formatCount(Math.abs(missing))} ${missing > 0 ? 'missing' : 'too many'}`
      : 'balanced';
  return (
    <span className="inline-flex items-center gap-2" title={told || 'nothing received'}>
      <span aria-hidden="true" className="hidden h-2 w-20 overflow-hidden rounded-sm bg-rule sm:flex">
        {parts.map(({ fate, share }) => (
          <span
            key={fate}
            className={`${shade[fate]} ${fate === 'duplicate' ? 'opacity-60' : ''}`}
            // what is there is seen, however small its share
            style={{ width: share > 0 ? `max(2px, ${share * 100}%)` : 0 }}
          />
        ))}
      </span>
      {unbalanced > 0 ? (
        <strong className="text-bad">▲ {verdict}</strong>
      ) : (
        <span className="text-dim">
          <span className="text-ink">✓</span> {verdict}
        </span>
      )}
    </span>
  );
}
