/** Resources of a major event report: the crews that worked. */

/** Crews of one kind that were under way to an outage or at one. */
export interface CrewsOfKind {
  kind: string;
  crews: number;
  people: number;
  outages: number;
  /** crew-hours */
  hoursOnSite: number;
  hoursUnderWay: number;
}

/** Crews that worked and their hours, all kinds together and each. */
export function resourceFields(resources: readonly CrewsOfKind[]): [string, number, string][] {
  const sum = (of: (one: CrewsOfKind) => number): number => resources.reduce((total, one) => total + of(one), 0);
  return [
    ['crews that worked', sum(({ crews }) => crews), 'crews'],
    ['people in them', sum(({ people }) => people), 'people'],
    ['at work', sum(({ hoursOnSite }) => hoursOnSite), 'crew-hours'],
    ['under way', sum(({ hoursUnderWay }) => hoursUnderWay), 'crew-hours'],
    ...resources.map(({ kind, crews }): [string, number, string] => [
      `${kind.replaceAll('_', ' ')} crews that worked`,
      crews,
      'crews',
    ]),
  ];
}
