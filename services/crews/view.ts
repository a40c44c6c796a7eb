/** A crew as the API shows it. */
import type { Crew } from '#model/api/crews.ts';
import { allowedVerbs, canBeAssigned } from './lifecycle.ts';
import type { ShiftNow } from './shifts.ts';
import type { CrewRow } from './sql.ts';

export function toCrew(row: CrewRow, { current, next }: ShiftNow): Crew {
  const span = current ?? next;
  const iso = (ms: number | undefined): string | null => (ms === undefined ? null : new Date(ms).toISOString());
  return {
    id: row.crew_id,
    name: row.name,
    kind: row.kind,
    skills: row.skills,
    size: row.size,
    area_id: row.area_id,
    phone: row.phone,
    radio: row.radio,
    status: row.status,
    status_since: row.status_since.toISOString(),
    home_lon: row.home_lon,
    home_lat: row.home_lat,
    lon: row.lon,
    lat: row.lat,
    position_at: row.position_at?.toISOString() ?? null,
    shifts: row.shifts,
    shift_from: iso(span?.fromMs),
    shift_to: iso(span?.toMs),
    in_shift: current !== null,
    jobs: row.jobs.map(({ is_told: _, ...job }) => ({ ...job, assigned_at: new Date(job.assigned_at).toISOString() })),
    actions: allowedVerbs(row.status),
    can_be_assigned: canBeAssigned(row.status),
    revision: row.revision,
  };
}
