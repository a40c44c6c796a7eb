/** What kind of work an outage is: skills and a planning time per device kind. Planning values, shown with the plan. */
import type { CrewKind, CrewSkill } from '#model/api/crews.ts';
import type { OutageFact } from './follow.ts';

export interface WorkNeed {
  /** what is to be done */
  name: string;
  skills: CrewSkill[];
  workMinutes: number;
}

/** What a crew of a kind can do where its own list says nothing else. */
export const skillsOfKind: Record<CrewKind, CrewSkill[]> = {
  troubleman: ['switching', 'overhead', 'assessment'],
  line: ['switching', 'overhead', 'transformer'],
  underground: ['switching', 'underground', 'transformer'],
  tree: ['tree'],
  damage_assessor: ['assessment'],
};

const switchingDevices = new Set(['breaker', 'recloser', 'sectionalizer', 'fuse', 'switch']);

/** The needs of an outage, the repair first: each wants a crew of its own. */
export function needsOf(outage: Pick<OutageFact, 'device_kind' | 'underground' | 'cause'>): WorkNeed[] {
  const ground: CrewSkill = outage.underground ? 'underground' : 'overhead';
  const repair: WorkNeed =
    outage.device_kind === 'power_transformer'
      ? { name: 'transformer work', skills: ['transformer', ground], workMinutes: 150 }
      : switchingDevices.has(outage.device_kind)
        ? { name: 'patrol and switching', skills: ['switching', ground], workMinutes: outage.underground ? 180 : 90 }
        : outage.device_kind === 'service_point'
          ? { name: 'service call', skills: [ground], workMinutes: 45 }
          : { name: 'line repair', skills: [ground], workMinutes: outage.underground ? 240 : 120 };
  const hasTrees = /tree|veget|limb/i.test(outage.cause ?? '');
  return hasTrees ? [repair, { name: 'tree work', skills: ['tree'], workMinutes: 60 }] : [repair];
}
