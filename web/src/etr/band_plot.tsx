import { useEffect, useRef } from 'react';
import uPlot from 'uplot';
import { useScreen } from '../app/screen_store.ts';
import { useTimeView } from '../app/use_time_view.ts';
import { fittedPlot, pageColors, quietAxis } from '../lib/plot/frame.ts';
import { formatDayTime, formatTime } from '../lib/time/format.ts';

export interface BandLine {
  label: string;
  /** CSS custom property of the colour */
  color: string;
  width: number;
  dash?: number[];
  stepped?: boolean;
  /** not told in words */
  isEdge?: boolean;
}

const dayS = 86_400;

const timeSteps = [60, 300, 900, 1800, 3600, 7200, 10_800, 21_600, 43_200, dayS];
const wholeSteps = Array.from({ length: 8 }, (_, power) => [1, 2, 5].map((step) => step * 10 ** power)).flat();

/** Lines over time with bands between pairs of them; values under the pointer are told in words above. */
export function BandPlot({
  columns,
  lines,
  bands,
  formatValue,
  from,
  label,
}: {
  /** times (UTC seconds), then a column per line */
  columns: (number | null)[][];
  lines: readonly BandLine[];
  /** upper and lower line of each band, 1 = the first line */
  bands: readonly { upper: number; lower: number; color: string }[];
  formatValue: (value: number) => string;
  /** the axis begins at zero, or where the values begin */
  from: 'zero' | 'values';
  label: string;
}) {
  const holder = useRef<HTMLDivElement>(null);
  const readout = useRef<HTMLDivElement>(null);
  const plot = useRef<uPlot | null>(null);
  const theme = useScreen((screen) => screen.theme);
  const view = useTimeView();
  const latest = useRef(columns);
  latest.current = columns;

  // biome-ignore lint/correctness/useExhaustiveDependencies: lines and bands do not change, data goes in by setData
  useEffect(() => {
    const element = holder.current;
    if (!element) return;
    const color = pageColors();
    const tell = (u: uPlot) => {
      const node = readout.current;
      if (!node) return;
      const times = u.data[0];
      const at = u.cursor.idx ?? nearest(times, Date.now() / 1000);
      if (times.length === 0) {
        node.textContent = '';
        return;
      }
      const parts = lines.flatMap((line, i) => {
        const value = u.data[i + 1][at];
        return line.isEdge || value === null || value === undefined ? [] : [`${line.label} ${formatValue(value)}`];
      });
      node.textContent = `${formatDayTime(times[at] * 1000, view)}   ${parts.join('   ')}`;
    };
    const { plot: made, remove } = fittedPlot(
      element,
      {
        padding: [8, 24, 0, 0],
        scales: {
          // a ledger of one revision is no line yet: never narrower than ten minutes
          x: { time: true, range: (_, min, max) => [min ?? 0, Math.max(max ?? 0, (min ?? 0) + 600)] },
          y: { range: (_, min, max) => rangeOf(from, min, max) },
        },
        axes: [
          {
            ...quietAxis(color, false),
            size: 22,
            values: (u, splits) =>
              splits.map((split) => {
                const spanS = (u.scales.x.max ?? 0) - (u.scales.x.min ?? 0);
                return spanS > dayS ? formatDayTime(split * 1000, view) : formatTime(split * 1000, view);
              }),
            space: 90,
          },
          {
            ...quietAxis(color, true),
            size: from === 'zero' ? 76 : 96,
            values: (_, splits) => splits.map(formatValue),
            // times, or whole customers: half of one is none
            incrs: from === 'values' ? timeSteps : wholeSteps,
          },
        ],
        series: [
          {},
          ...lines.map((line) => ({
            label: line.label,
            scale: 'y',
            stroke: line.width > 0 ? color(line.color) : 'transparent',
            width: line.width,
            dash: line.dash,
            spanGaps: true,
            points: { show: false },
            ...(line.stepped && uPlot.paths.stepped ? { paths: uPlot.paths.stepped({ align: 1 }) } : {}),
          })),
        ],
        bands: bands.map(({ upper, lower, color: of }) => ({ series: [upper, lower], fill: `${color(of)}2b` })),
        hooks: { setCursor: [tell], setData: [tell] },
      },
      latest.current as uPlot.AlignedData,
    );
    plot.current = made;
    tell(made);
    return () => {
      remove();
      plot.current = null;
    };
  }, [theme, view]);

  useEffect(() => {
    plot.current?.setData(columns as uPlot.AlignedData);
  }, [columns]);

  return (
    <div className="flex h-full min-h-0 flex-col" role="img" aria-label={label}>
      <div ref={readout} className="h-5 shrink-0 truncate px-3 pt-0.5 text-[11px] whitespace-pre text-dim" />
      <div ref={holder} className="min-h-0 flex-1 overflow-hidden" />
    </div>
  );
}

/** Index of the time that is closest: without a pointer the present is told, where the plot has it. */
function nearest(times: ArrayLike<number>, atS: number): number {
  let best = 0;
  for (let i = 1; i < times.length; i++) if (Math.abs(times[i] - atS) <= Math.abs(times[best] - atS)) best = i;
  return best;
}

function rangeOf(from: 'zero' | 'values', min: number | null, max: number | null): [number, number] {
  if (from === 'zero') return [0, Math.max(10, (max ?? 0) * 1.08)];
  const [low, high] = [min ?? 0, max ?? 1];
  const room = Math.max(600, (high - low) * 0.12);
  return [low - room, high + room];
}
