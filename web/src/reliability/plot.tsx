import { useEffect, useRef } from 'react';
import uPlot from 'uplot';
import { useScreen } from '../app/screen_store.ts';
import { fittedPlot, pageColors, quietAxis } from '../lib/plot/frame.ts';

export interface PlotSeries {
  label: string;
  values: readonly (number | null)[];
  /** CSS custom property of the colour */
  color: string;
  kind: 'bars' | 'line' | 'points';
  /** pixels of a point */
  size?: number;
}

export interface PlotProps {
  label: string;
  times: readonly number[];
  series: readonly PlotSeries[];
  /** value with its unit */
  format: (value: number | null) => string;
  formatTime: (timeS: number) => string;
  log?: boolean;
}

/** Values over days or months; what is under the pointer is told in words above. */
export function Plot({ label, times, series, format, formatTime, log = false }: PlotProps) {
  const holder = useRef<HTMLDivElement>(null);
  const readout = useRef<HTMLDivElement>(null);
  const theme = useScreen((screen) => screen.theme);

  // biome-ignore lint/correctness/useExhaustiveDependencies: the theme's colours are read from the page
  useEffect(() => {
    const element = holder.current;
    if (!element) return;
    const color = pageColors();
    const tell = (u: uPlot) => {
      const node = readout.current;
      const { idx } = u.cursor;
      if (!node) return;
      if (idx === null || idx === undefined) {
        node.textContent = '';
        return;
      }
      const parts = series
        .map((one, n) => ({ one, value: u.data[n + 1][idx] ?? null }))
        .filter(({ value }) => value !== null)
        .map(({ one, value }) => `${one.label} ${format(value)}`);
      node.textContent = `${formatTime(u.data[0][idx])}   ${parts.join('   ') || 'none'}`;
    };
    const positive = series.flatMap(({ values }) =>
      values.filter((value): value is number => value !== null && value > 0),
    );
    const least = Math.min(...positive);
    const most = Math.max(...positive);
    const scale: uPlot.Scale = log
      ? { distr: 3, range: () => (positive.length > 0 ? wholeDecades(least, most) : [0.01, 1]) }
      : { range: () => [0, positive.length > 0 ? most * 1.08 : 1] };
    const isBars = series.some(({ kind }) => kind === 'bars');
    const bars = uPlot.paths.bars?.({ size: [0.75, 36], align: 0 });
    const { remove } = fittedPlot(
      element,
      {
        tzDate: (ts) => uPlot.tzDate(new Date(ts * 1000), 'UTC'),
        padding: [10, 12, 0, 0],
        scales: {
          // room for the whole of the first and the last bar
          x: { time: true, ...(isBars ? { range: (_, min, max) => [min - monthS / 2, max + monthS / 2] } : {}) },
          y: scale,
        },
        axes: [
          {
            ...quietAxis(color, false),
            size: 36,
            // a bar is named below itself, not where the clock's ticks happen to fall
            ...(isBars ? { splits: () => thinned(times, element.clientWidth) } : {}),
            values: (_, splits, __, ___, stepS) =>
              splits.map((split, i) => dayTick(split, splits[i - 1], isBars ? monthS : stepS)),
          },
          {
            ...quietAxis(color, true),
            size: 66,
            ...(log ? { splits: (_: uPlot, __: number, low: number, high: number) => powersOfTen(low, high) } : {}),
            values: (_, splits) => splits.map((split) => format(split)),
          },
        ],
        series: [
          {},
          ...series.map(
            (one): uPlot.Series => ({
              label: one.label,
              scale: 'y',
              stroke: color(one.color),
              width: one.kind === 'line' ? 1.5 : one.kind === 'bars' ? 0 : 1,
              spanGaps: false,
              ...(one.kind === 'bars' ? { fill: color(one.color), paths: bars, points: { show: false } } : {}),
              ...(one.kind === 'line' ? { points: { show: false } } : {}),
              ...(one.kind === 'points'
                ? {
                    paths: () => null,
                    points: { show: true, size: one.size ?? 4, fill: color(one.color), stroke: color(one.color) },
                  }
                : {}),
            }),
          ),
        ],
        hooks: { setCursor: [tell] },
      },
      [times as number[], ...series.map(({ values }) => values as (number | null)[])],
    );
    return remove;
  }, [times, series, theme, log, format, formatTime]);

  return (
    <figure className="m-0" aria-label={label}>
      <figcaption className="flex flex-wrap items-baseline gap-x-4 text-[12px]">
        <span className="font-medium">{label}</span>
        {series.map((one) => (
          <span key={one.label} className="inline-flex items-center gap-1.5 text-[11px] text-dim">
            <Swatch color={one.color} kind={one.kind} />
            {one.label}
          </span>
        ))}
        <span ref={readout} className="ml-auto text-[11px] whitespace-pre text-dim" />
      </figcaption>
      <div ref={holder} className="h-[200px] overflow-hidden" role="img" aria-label={label} />
    </figure>
  );
}

/** Every power of ten that the values reach into. */
function wholeDecades(least: number, most: number): [number, number] {
  return [10 ** Math.floor(Math.log10(least / 1.2)), 10 ** Math.ceil(Math.log10(most * 1.2))];
}

/** As many of the bars' times as have room for their names. */
function thinned(times: readonly number[], widthPx: number): number[] {
  const every = Math.max(1, Math.ceil((times.length * 48) / Math.max(1, widthPx - 80)));
  return times.filter((_, i) => i % every === 0);
}

/** Bars are months. */
const monthS = 30 * 86_400;

/** `Nov 3`, or `Nov` where ticks are months apart; the year below the first one and below each January. */
function dayTick(timeS: number, beforeS: number | undefined, stepS: number): string {
  const at = new Date(timeS * 1000);
  const month = at.toLocaleString('en-US', { timeZone: 'UTC', month: 'short' });
  const name = stepS >= 25 * 86_400 ? month : `${month} ${at.getUTCDate()}`;
  const isNewYear = beforeS === undefined || new Date(beforeS * 1000).getUTCFullYear() !== at.getUTCFullYear();
  return isNewYear ? `${name}\n${at.getUTCFullYear()}` : name;
}

/** Where a log scale has its lines. */
function powersOfTen(low: number, high: number): number[] {
  const powers: number[] = [];
  for (let power = Math.ceil(Math.log10(low)); power <= Math.floor(Math.log10(high)); power++) powers.push(10 ** power);
  return powers.length > 0 ? powers : [low, high];
}

function Swatch({ color, kind }: { color: string; kind: PlotSeries['kind'] }) {
  return (
    <svg width="10" height="10" viewBox="0 0 10 10" aria-hidden="true">
      {kind === 'line' ? (
        <path d="M0 5h10" stroke={`var(${color})`} strokeWidth="2" />
      ) : kind === 'bars' ? (
        <rect width="10" height="10" fill={`var(${color})`} />
      ) : (
        <circle cx="5" cy="5" r="3.5" fill={`var(${color})`} />
      )}
    </svg>
  );
}
