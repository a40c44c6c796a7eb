import { type ComponentProps, lazy, Suspense } from 'react';
import { PaneSkeleton } from '../app/pane.tsx';

const Chart = lazy(async () => ({ default: (await import('./chart.tsx')).Chart }));

/** The plot and its library come after the first paint. */
export function LazyChart(props: ComponentProps<typeof Chart>) {
  return (
    <Suspense fallback={<PaneSkeleton rows={4} />}>
      <Chart {...props} />
    </Suspense>
  );
}
