import { lazy, Suspense } from 'react';
import { PaneSkeleton } from '../app/pane.tsx';
import type { PlotProps } from './plot.tsx';

const Plot = lazy(async () => ({ default: (await import('./plot.tsx')).Plot }));

/** The plot and its library come after the numbers. */
export function LazyPlot(props: PlotProps) {
  return (
    <Suspense fallback={<PaneSkeleton rows={5} />}>
      <Plot {...props} />
    </Suspense>
  );
}
