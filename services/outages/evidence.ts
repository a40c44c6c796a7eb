/** The evidence behind an outage as the API shows it. */
import type { OutageEvidence } from '#model/api/outages.ts';
import type { OutageEngine } from './engine.ts';
import type { OutageGrid } from './service.ts';

/** Most meters an evidence answer lists of each kind; the counts of the outage itself are complete. */
const maxListedMeters = 500;

export function evidenceOf(grid: OutageGrid, engine: OutageEngine, id: string): OutageEvidence {
  const { network } = grid;
  const evidence = engine.evidence(id, {
    edgeId: (edge) => network.edge.id.at(edge),
    meterId: (meter) => network.meter.id.at(meter),
  });
  return {
    ...evidence,
    supporting: evidence.supporting.slice(0, maxListedMeters),
    contradicting: evidence.contradicting.slice(0, maxListedMeters),
  };
}
