import { formatNumber, words } from '../lib/time/format.ts';

/** What a feature of the model says of an outage; `#` is its value. */
const phrases: Record<string, string | undefined> = {
  customers: '# customers out when first seen',
  age_min: 'first seen # min after its start',
  hour: 'at hour # of the day',
  open: '# outages open',
  open_customers: '# customers out in all',
  open_age_min: 'outages open for # min on average',
  open_region: '# outages open in the region',
  open_near: '# outages open within 30 km',
  open_near_age_min: 'outages within 30 km open for # min on average',
  begun_hour: '# outages begun in the hour before',
  begun_near_3h: '# outages begun nearby in three hours',
  day_customers: '# customers newly out in the day before',
  lately_min: 'outages that ended lately took # min',
  region_min: 'outages of the region took # min',
  near_min: 'outages nearby took # min',
  site_ended_h: 'last outage here ended # h ago',
  site_min: 'last outage here took # min',
  site_open: '# outages open here',
  close_open: '# outages open within 2 km',
  close_customers: '# customers in the largest outage within 2 km',
  close_begun: '# outages within 2 km in the last quarter hour',
  close_ended_min: 'an outage within 2 km ended # min ago',
  close_ended_customers: 'the outage within 2 km that ended last had # customers',
  ended_near_3h: '# outages within 30 km ended in three hours',
  same_start: '# open outages with the same start',
};

/** `8 outages open within 2 km: −6 min` */
export function reasonWords(feature: string, value: number | null, minutes: number): string {
  const shown = value === null ? '?' : formatNumber(value, value !== 0 && Math.abs(value) < 1 ? 1 : 0);
  const phrase = phrases[feature]?.replace('#', shown) ?? `${words(feature)} ${shown}`;
  return `${phrase}: ${minutes > 0 ? '+' : '−'}${formatNumber(Math.abs(minutes), 0)} min`;
}
