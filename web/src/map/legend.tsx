import { useState } from 'react';

const entries = [
  { mark: '●', color: 'text-bad', text: 'outage, confirmed' },
  { mark: '○', color: 'text-bad', text: 'outage, predicted' },
  { mark: '◉', color: 'text-bad', text: 'outage with critical customer' },
  { mark: '⑨', color: 'text-bad', text: 'that many outages close together' },
  { mark: '━', color: 'text-bad', text: 'without supply' },
  { mark: '□', color: 'text-open', text: 'open device' },
  { mark: '━', color: 'text-good', text: 'closed tie' },
  { mark: '━', color: 'text-dim', text: 'energised; dashed underground' },
  { mark: '■', color: 'text-dim', text: 'substation' },
  { mark: '◇', color: 'text-ink', text: 'crew; ◈ assigned, ▶ en route, ◆ on site; ? old position' },
];

/** What the map's marks mean, and whose shapes the basemap is made of. */
export function Legend() {
  const [open, setOpen] = useState(false);
  return (
    <div className="absolute bottom-2 left-2 z-10 text-[11px]">
      {open && (
        <ul className="mb-1 rounded-sm border border-rule bg-pane/95 px-3 py-2">
          {entries.map(({ mark, color, text }) => (
            <li key={text} className="flex items-center gap-2">
              <span aria-hidden="true" className={`w-4 text-center ${color}`}>
                {mark}
              </span>
              {text}
            </li>
          ))}
          <li className="mt-1 border-t border-rule pt-1 text-dim">
            Neighbourhoods: click_that_hood (MIT) · Counties: us-atlas (ISC) · Text: Inter (OFL)
          </li>
        </ul>
      )}
      <button
        type="button"
        aria-expanded={open}
        onClick={() => setOpen(!open)}
        className="rounded-sm bg-pane/80 px-2 py-0.5 text-dim hover:text-ink"
      >
        Legend
      </button>
    </div>
  );
}
