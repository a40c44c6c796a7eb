import type { Alarm } from '#model/api/live.ts';

/** Alarms of one feeder as one line: the worst first, the others below it. */
export interface AlarmGroup {
  key: string;
  feederId: string | null;
  /** the alarm that stands for the group */
  head: Alarm;
  alarms: Alarm[];
  unacknowledged: number;
}

export const alarmStates = ['unacknowledged', 'returned_unacknowledged', 'acknowledged'] as const;

export function needsAcknowledgement(alarm: Alarm): boolean {
  return alarm.state === 'unacknowledged' || alarm.state === 'returned_unacknowledged';
}

function before(a: Alarm, b: Alarm): number {
  const pending = Number(needsAcknowledgement(b)) - Number(needsAcknowledgement(a));
  return pending || a.priority - b.priority || (a.at < b.at ? 1 : a.at > b.at ? -1 : a.id < b.id ? -1 : 1);
}

/** Folded by feeder; groups with something to acknowledge first, then by priority, then the newest. */
export function foldAlarms(alarms: Iterable<Alarm>): AlarmGroup[] {
  const groups = new Map<string, Alarm[]>();
  for (const alarm of alarms) {
    const key = alarm.feeder_id ?? `alarm ${alarm.id}`;
    const group = groups.get(key);
    if (group) group.push(alarm);
    else groups.set(key, [alarm]);
  }
  const folded: AlarmGroup[] = [];
  for (const [key, members] of groups) {
    members.sort(before);
    folded.push({
      key,
      feederId: members[0].feeder_id,
      head: members[0],
      alarms: members,
      unacknowledged: members.filter(needsAcknowledgement).length,
    });
  }
  return folded.sort((a, b) => before(a.head, b.head));
}

export interface AlarmTotals {
  unacknowledged: number;
  high: number;
}

export function alarmTotals(alarms: Iterable<Alarm>): AlarmTotals {
  const totals = { unacknowledged: 0, high: 0 };
  for (const alarm of alarms) {
    if (!needsAcknowledgement(alarm)) continue;
    totals.unacknowledged++;
    if (alarm.priority === 1) totals.high++;
  }
  return totals;
}
