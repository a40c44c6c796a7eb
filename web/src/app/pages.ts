/** The pages of the app, in the order of the navigation. A new page is a line here and one in root.tsx. */
export const pages = [
  { page: 'center', name: 'Operations', title: "The operator's screen" },
  { page: 'calls', name: 'Calls', title: 'Trouble calls: take, place, call back (g c)' },
  { page: 'crews', name: 'Crews', title: 'Crew board: who is where, who should go where (g w)' },
  { page: 'switching', name: 'Switching', title: 'Switching orders, study mode and look-ahead (g s)' },
  { page: 'restoration', name: 'Restoration', title: 'Restoration times: calibration, overrides, what if (g h)' },
  { page: 'storm', name: 'Storm', title: 'Storm board: restoration curve, areas, storm mode, what if (g o)' },
  { page: 'pipeline', name: 'Pipeline', title: 'Data pipeline: sources, layers, set-aside records (g p)' },
  { page: 'validation', name: 'Validation', title: 'Validation of interval data: exceptions and their queue (g v)' },
  { page: 'reliability', name: 'Reliability', title: 'Reliability: SAIDI, SAIFI, major event days, reports (g r)' },
  { page: 'generator', name: 'Generator', title: 'Generated readings: backfill and live runs (g d)' },
] as const;

export type PageName = (typeof pages)[number]['page'];

export const isPage = (text: string | null): text is PageName => pages.some(({ page }) => page === text);
