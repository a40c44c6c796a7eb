/** The public page of a picture: everything is in the HTML; the script only keeps the age and looks for news. */
import { escapedHtml } from '#model/html.ts';
import {
  causeInWords,
  crewInWords,
  type EtrWindow,
  etrInWords,
  type Language,
  timeInWords,
  whenInWords,
} from '#model/public_words.ts';
import { drawnMap, type Ground } from './drawing.ts';
import { type FrameFacts, framedPage } from './frame.ts';
import type { PublicOutage, PublicPicture } from './picture.ts';

export interface PageFacts {
  frame: FrameFacts;
  timeZone: string;
  /** until when the picture is known to be right, UTC epoch ms */
  asOfMs: number;
  /** a page older than this says so */
  staleAfterS: number;
  /** names of the data files, relative to the page */
  geojson: string;
  summary: string;
}

/** Outages a page lists one by one; all are in the data file. */
const mostListed = 200;

const texts = {
  title: { en: 'Power outages', es: 'Cortes de luz' },
  without: { en: 'customers without power', es: 'clientes sin luz' },
  few: { en: 'fewer than', es: 'menos de' },
  of: { en: 'of', es: 'de' },
  served: { en: 'served', es: 'atendidos' },
  servedColumn: { en: 'Served', es: 'Atendidos' },
  asOf: { en: 'As of', es: 'Estado del' },
  staleNoScript: {
    en: 'If this time is long past, the page is out of date: reload it, or call us.',
    es: 'Si esta hora pasó hace mucho, la página está atrasada: vuelva a cargarla o llámenos.',
  },
  stale: {
    en: 'This is the last we know: this page is not being updated at the moment.',
    es: 'Es lo último que sabemos: esta página no se actualiza en este momento.',
  },
  ask: { en: 'Is the power out at my home?', es: '¿Hay un corte en mi casa?' },
  byZone: { en: 'By area', es: 'Por zona' },
  zone: { en: 'Area', es: 'Zona' },
  out: { en: 'Without power', es: 'Sin luz' },
  shown: { en: 'Outages shown', es: 'Cortes mostrados' },
  plannedWork: { en: 'Planned work', es: 'Trabajos programados' },
  plannedTo: { en: 'until', es: 'hasta' },
  list: { en: 'Outages', es: 'Cortes' },
  none: { en: 'No outage to show.', es: 'No hay cortes que mostrar.' },
  customers: { en: 'customers', es: 'clientes' },
  since: { en: 'Since', es: 'Desde' },
  back: { en: 'Back', es: 'Regreso' },
  data: { en: 'Data', es: 'Datos' },
  all: { en: 'Total', es: 'Total' },
} satisfies Record<string, Record<Language, string>>;

export function publicPage(picture: PublicPicture, ground: Ground, facts: PageFacts, language: Language): string {
  const t = (key: keyof typeof texts): string => texts[key][language];
  const number = (value: number): string => value.toLocaleString(language === 'es' ? 'es-US' : 'en-US');
  const count = (value: number): string => (value === 0 ? `${t('few')} ${picture.smallest}` : number(value));
  // Each zone may have a few that are not counted.
  const total =
    picture.customers_out === 0
      ? `${t('few')} ${number(picture.smallest * picture.zones.length)}`
      : number(picture.customers_out);
  const asOf = new Date(facts.asOfMs).toISOString();
  const rows = picture.zones.map(
    (zone) =>
      `<tr><th scope="row">${escapedHtml(zone.name)}</th><td>${count(zone.customers_out)}</td><td>${number(zone.served)}</td><td>${number(zone.outages)}</td></tr>`,
  );
  const listed = picture.outages.slice(0, mostListed);
  const zoneName = new Map(picture.zones.map((zone) => [zone.id, zone.name]));
  const items = listed.map((outage) => item(outage, zoneName.get(outage.zone_id) ?? '', facts, language));
  const rest = picture.outages.length - listed.length;
  const body = `<h1>${t('title')}</h1>
<p class="banner" role="status">${t('stale')} <span data-age></span></p>
<p class="hero${picture.customers_out === 0 ? ' calm' : ''}"><strong>${total}</strong> ${t('without')}<br><small>${t('of')} ${number(picture.customers_served)} ${t('served')}</small></p>
<p class="asof">${t('asOf')} <time datetime="${asOf}">${escapedHtml(timeInWords(facts.asOfMs, facts.timeZone, language))}</time> <span data-age></span></p>
<noscript><p class="asof">${t('staleNoScript')}</p></noscript>
<p class="more"><a class="button" href="/restoration?lang=${language}">${t('ask')}</a></p>
<div class="cols"><div>${drawnMap(picture, ground, facts.timeZone, language)}
<p class="legend">${legend(language)}</p></div>
<div><h2>${t('byZone')}</h2>
<div class="scroll"><table><thead><tr><th scope="col">${t('zone')}</th><th scope="col">${t('out')}</th><th scope="col">${t('servedColumn')}</th><th scope="col">${t('shown')}</th></tr></thead>
<tbody>${rows.join('')}</tbody>
<tfoot><tr><th scope="row">${t('all')}</th><td>${total}</td><td>${number(picture.customers_served)}</td><td>${number(picture.outages.length)}</td></tr></tfoot></table></div>
<p class="note">${note(picture.smallest, language)}</p></div></div>
${plannedBlock(picture, facts, language)}<h2>${t('list')}</h2>
${items.length === 0 ? `<p>${t('none')}</p>` : `<ol class="outages">${items.join('\n')}</ol>`}
${rest > 0 ? `<p class="note">${more(rest, language)}</p>` : ''}
<p class="note">${t('data')}: <a href="${facts.geojson}">GeoJSON</a>, <a href="${facts.summary}">JSON</a></p>`;
  return framedPage(
    {
      title: t('title'),
      language,
      body,
      otherLanguage: language === 'es' ? 'index.html' : 'es.html',
      mainAttributes: `data-as-of="${asOf}" data-stale-after="${facts.staleAfterS}" data-stale="no" data-data="${facts.geojson}"`,
      withScript: true,
    },
    facts.frame,
  );
}

/** Zones with planned work that may be told; nothing where there is none. */
function plannedBlock(picture: PublicPicture, facts: PageFacts, language: Language): string {
  const t = (key: keyof typeof texts): string => texts[key][language];
  const items = picture.zones
    .filter(({ planned }) => planned > 0)
    .map(({ name, planned, planned_to }) => {
      const customers = planned.toLocaleString(language === 'es' ? 'es-US' : 'en-US');
      const end =
        planned_to === null
          ? ''
          : `, ${t('plannedTo')} <time datetime="${planned_to}">${escapedHtml(whenInWords(Date.parse(planned_to), facts.asOfMs, facts.timeZone, language))}</time>`;
      return `<li><b>${customers} ${t('customers')}</b>, ${escapedHtml(name)}${end}</li>`;
    });
  return items.length === 0 ? '' : `<h2>${t('plannedWork')}</h2>\n<ul class="outages">${items.join('\n')}</ul>\n`;
}

function legend(language: Language): string {
  const mark = (name: string): string =>
    `<svg viewBox="0 0 24 24" aria-hidden="true"><circle class="${name}" cx="12" cy="12" r="9"/></svg>`;
  return language === 'es'
    ? `${mark('outage')} corte ${mark('outage crew')} con cuadrilla. Toque un círculo para ver más.`
    : `${mark('outage')} outage ${mark('outage crew')} with a crew. Choose a circle for more.`;
}

function note(smallest: number, language: Language): string {
  return language === 'es'
    ? `Los números se redondean hacia abajo de ${smallest} en ${smallest}. Los cortes de menos de ${smallest} clientes solo cuentan en su zona, y los círculos están cerca del corte, no encima, para que no se reconozca ninguna casa.`
    : `Counts are rounded down to steps of ${smallest}. Outages of fewer than ${smallest} customers count in their area alone, and circles are near an outage, not on it: no single home can be told.`;
}

function more(rest: number, language: Language): string {
  return language === 'es'
    ? `Hay ${rest} cortes menores más en el mapa y en los datos.`
    : `${rest} smaller outages more are on the map and in the data.`;
}

/** The window of an outage as the picture tells it. */
export function windowOf({ etr_from, etr_to }: PublicOutage): EtrWindow | undefined {
  return etr_from === null || etr_to === null ? undefined : { fromMs: Date.parse(etr_from), toMs: Date.parse(etr_to) };
}

function item(outage: PublicOutage, zoneName: string, facts: PageFacts, language: Language): string {
  const t = (key: keyof typeof texts): string => texts[key][language];
  const customers = outage.customers_out.toLocaleString(language === 'es' ? 'es-US' : 'en-US');
  return `<li id="o-${outage.id}"><b>${customers} ${t('customers')}</b>, ${escapedHtml(zoneName)}. ${escapedHtml(causeInWords(outage.cause, language))}${outage.cause ? '.' : ''}<br>${t('since')} <time datetime="${outage.since}">${escapedHtml(whenInWords(Date.parse(outage.since), facts.asOfMs, facts.timeZone, language))}</time>. ${escapedHtml(crewInWords(outage.state, outage.has_crew, language))}<br>${escapedHtml(etrInWords(windowOf(outage), facts.asOfMs, facts.timeZone, language))}</li>`;
}
