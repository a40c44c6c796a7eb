import { type ComponentProps, lazy, Suspense } from 'react';
import { PaneSkeleton } from '../app/pane.tsx';

const BandPlot = lazy(async () => ({ default: (await import('./band_plot.tsx')).BandPlot }));

/** The plot and its library come after the first paint. */
export function LazyBandPlot(props: ComponentProps<typeof BandPlot>) {
  return (
    <Suspense fallback={<PaneSkeleton rows={4} />}>
      <BandPlot {...props} />
    </Suspense>
  );
}
