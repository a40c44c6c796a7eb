/** Findings of a run against what is known of the day: pure, so that the same run twice changes nothing the second time. */
import { isOpen, nextState } from './lifecycle.ts';
import { severityRank, type VeeConfig } from './rules.ts';
import type { Finding } from './scan.ts';
import type { ExceptionRow, LogEntry } from './sql.ts';
import type { Numbers } from './words.ts';

export interface Reconciled {
  /** rows that changed, each once */
  rows: ExceptionRow[];
  log: LogEntry[];
  opened: number;
  resolved: number;
}

/** The same finding has the same id in every run: rule, meter and beginning. */
export const exceptionId = ({ rule, meterKey, fromS }: Pick<Finding, 'rule' | 'meterKey' | 'fromS'>): string =>
  `${rule}.${meterKey}.${fromS}`;

const numbersOf = ({ value, expected, bound, times }: Finding): Numbers => {
  // Statistics of floating point come in the order of the engine's threads: beyond this many digits they are noise.
  const rounded = (n: number): number => Number(n.toPrecision(9));
  return { value: rounded(value), expected: rounded(expected), bound: rounded(bound), times: rounded(times) };
};

export interface RunFacts {
  day: number;
  at: Date;
  config: VeeConfig;
  feederOf: (meterKey: number) => number;
}

/** @param existing everything known of the judged rules, meters and day */
export function reconcile(
  existing: readonly ExceptionRow[],
  findings: readonly Finding[],
  facts: RunFacts,
): Reconciled {
  const result: Reconciled = { rows: [], log: [], opened: 0, resolved: 0 };
  const { at } = facts;
  const found = new Map(findings.map((finding) => [exceptionId(finding), finding]));
  const tell = (before: ExceptionRow | undefined, after: ExceptionRow, verb: string): void => {
    result.log.push({
      exception_id: after.id,
      at,
      actor: 'vee',
      verb,
      from_state: before?.state ?? null,
      to_state: after.state,
      reason: null,
    });
  };
  for (const row of existing) {
    const finding = found.get(row.id);
    found.delete(row.id);
    const evidence = finding ? numbersOf(finding) : row.evidence;
    const toAt = finding ? new Date(finding.toS * 1000) : row.to_at;
    const isOther = evidence.value !== row.evidence.value || toAt.getTime() !== row.to_at.getTime();
    const event = !finding ? 'gone' : isOther ? 'changed' : 'found';
    const state = nextState(row.state, event);
    if (state === row.state && !isOther) continue;
    const isBack = isOpen(state) && !isOpen(row.state);
    const after: ExceptionRow = {
      ...row,
      to_at: toAt,
      evidence,
      state,
      closed_at: isOpen(state) ? null : (row.closed_at ?? at),
      updated_at: at,
    };
    result.rows.push(after);
    if (state !== row.state) tell(row, after, event);
    if (isBack) result.opened++;
    if (state === 'resolved_by_data') result.resolved++;
  }
  for (const [id, finding] of found) {
    const row: ExceptionRow = {
      id,
      day: facts.day,
      rule: finding.rule,
      severity: severityRank(facts.config.rules[finding.rule].severity),
      meter_key: finding.meterKey,
      feeder_key: facts.feederOf(finding.meterKey),
      from_at: new Date(finding.fromS * 1000),
      to_at: new Date(finding.toS * 1000),
      evidence: numbersOf(finding),
      state: 'open',
      owner: null,
      note: null,
      opened_at: at,
      closed_at: null,
      updated_at: at,
    };
    result.rows.push(row);
    tell(undefined, row, 'found');
    result.opened++;
  }
  return result;
}
