import { useEffect, useRef } from 'react';
import uPlot from 'uplot';
import { useScreen } from '../app/screen_store.ts';
import { useTimeView } from '../app/use_time_view.ts';
import { fittedPlot, pageColors, quietAxis } from '../lib/plot/frame.ts';
import { formatDayTime, formatTime } from '../lib/time/format.ts';

export interface Series {
  label: string;
  values: (number | null)[];
  /** CSS custom property of the colour */
  color: string;
  /** value with its unit */
  format: (value: number | null) => string;
  axis: 'left' | 'right';
  fill?: boolean;
  stepped?: boolean;
}

/** Lines over time with the axes' units on them; the values under the pointer are told in words above. */
export function Chart({ times, series, label }: { times: number[]; series: readonly Series[]; label: string }) {
  const holder = useRef<HTMLDivElement>(null);
  const readout = useRef<HTMLDivElement>(null);
  const plot = useRef<uPlot | null>(null);
  const theme = useScreen((screen) => screen.theme);
  const view = useTimeView();
  const shape = series.map((s) => `${s.label} ${s.color} ${s.axis}`).join('|');

  // biome-ignore lint/correctness/useExhaustiveDependencies: `shape` stands for the series, data goes in by setData
  useEffect(() => {
    const element = holder.current;
    if (!element) return;
    const color = pageColors();
    const axis = (side: 1 | 3, scale: string, one: Series | undefined): uPlot.Axis => ({
      ...quietAxis(color, side === 3),
      scale,
      side,
      show: one !== undefined,
      size: side === 1 ? 78 : 62,
      values: (_, splits) => splits.map((split) => one?.format(split) ?? ''),
    });
    const tell = (u: uPlot) => {
      const { idx } = u.cursor;
      const node = readout.current;
      if (!node) return;
      // without a pointer the newest value of each line is told, which need not be of the same instant
      const at = (n: number) => idx ?? newest(u.data[n + 1]);
      const parts = seriesNow.current.map((s, n) => `${s.label} ${s.format(u.data[n + 1][at(n)] ?? null)}`);
      const when = idx === null || idx === undefined ? 'newest' : formatDayTime(u.data[0][idx] * 1000, view);
      node.textContent = u.data[0].length === 0 ? '' : `${when}   ${parts.join('   ')}`;
    };
    const { plot: made, remove } = fittedPlot(
      element,
      {
        padding: [8, series.some((s) => s.axis === 'right') ? 0 : 16, 0, 0],
        scales: {
          x: { time: true },
          left: { range: (_, min, max) => rangeOf(min, max, 0) },
          // counts: fewer than ten would make the axis repeat its numbers
          right: { range: (_, min, max) => rangeOf(min, max, 10) },
        },
        axes: [
          {
            ...quietAxis(color, false),
            size: 22,
            values: (_, splits) => splits.map((split) => formatTime(split * 1000, view)),
          },
          axis(
            3,
            'left',
            series.find((s) => s.axis === 'left'),
          ),
          axis(
            1,
            'right',
            series.find((s) => s.axis === 'right'),
          ),
        ],
        series: [
          {},
          ...series.map((s) => ({
            label: s.label,
            scale: s.axis,
            stroke: color(s.color),
            width: 1.5,
            points: { show: false },
            ...(s.fill ? { fill: `${color(s.color)}2b` } : {}),
            ...(s.stepped && uPlot.paths.stepped ? { paths: uPlot.paths.stepped({ align: 1 }) } : {}),
          })),
        ],
        hooks: { setCursor: [tell], setData: [tell] },
      },
      [times, ...series.map((s) => s.values)],
    );
    plot.current = made;
    tell(made);
    return () => {
      remove();
      plot.current = null;
    };
  }, [shape, theme, view]);

  const seriesNow = useRef(series);
  seriesNow.current = series;
  useEffect(() => {
    plot.current?.setData([times, ...series.map((s) => s.values)]);
  }, [times, series]);

  return (
    <div className="flex min-h-0 flex-1 flex-col" role="img" aria-label={label}>
      <div ref={readout} className="h-5 shrink-0 truncate px-3 pt-0.5 text-[11px] whitespace-pre text-dim" />
      <div ref={holder} className="min-h-0 flex-1 overflow-hidden" />
    </div>
  );
}

function newest(values: ArrayLike<number | null | undefined>): number {
  let i = values.length - 1;
  while (i > 0 && (values[i] === null || values[i] === undefined)) i--;
  return i;
}

/** From zero up (or down) with head room, never flat. */
function rangeOf(min: number | null, max: number | null, least: number): [number, number] {
  const low = Math.min(0, min ?? 0);
  const high = Math.max(low + least, (max ?? 0) * 1.08);
  return [low, high > low ? high : low + 1];
}
