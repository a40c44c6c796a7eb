/** A look-ahead in words, the gravest first. */
import type { LookAhead } from '#model/api/switching.ts';
import { formatCount, formatPower } from '../lib/time/format.ts';

export interface AheadWord {
  text: string;
  tone: 'bad' | 'warn' | 'plain';
}

export function aheadWords(look: LookAhead): AheadWord[] {
  if (look.blocked !== null) return [{ text: `blocked: ${look.blocked}`, tone: 'bad' }];
  const words: AheadWord[] = [];
  const say = (tone: AheadWord['tone'], text: string): void => void words.push({ tone, text });
  if (look.critical_dropped > 0) say('bad', `drops ${formatCount(look.critical_dropped)} critical customers`);
  if (look.customers_dropped > 0)
    say('bad', `drops ${formatCount(look.customers_dropped)} customers, ${formatPower(look.kw_dropped)}`);
  for (const over of look.overloads)
    say(
      'warn',
      `${over.device_id} at ${over.percent}% (${formatCount(over.load)} of ${formatCount(over.rated)} ${over.unit})`,
    );
  for (const loop of look.loops)
    say('warn', loop.kind === 'loop' ? `closes a loop of ${loop.edges} pieces` : 'joins two feeds (parallel)');
  if (look.customers_picked_up > 0)
    say('plain', `picks up ${formatCount(look.customers_picked_up)} customers, ${formatPower(look.kw_picked_up)}`);
  if (words.length === 0) say('plain', 'no customer’s supply changes');
  if (look.load_unknown !== null) say('plain', `loads not known: ${look.load_unknown}`);
  return words;
}
