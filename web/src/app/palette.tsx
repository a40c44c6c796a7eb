import { useQuery } from '@tanstack/react-query';
import { type KeyboardEvent, useDeferredValue, useEffect, useMemo, useState } from 'react';
import { searchNetwork } from '../lib/api/endpoints.ts';
import { useLive } from '../lib/push/live_store.ts';
import { formatCount, words } from '../lib/time/format.ts';
import { matchesFilter, sortOutages } from '../outages/events.ts';
import { bindings, type Command } from './keymap.ts';
import { Modal } from './modal.tsx';
import { requestZoom, useScreen } from './screen_store.ts';
import type { Selection } from './url_state.ts';
import { run } from './use_keyboard.ts';

interface Entry {
  key: string;
  kind: string;
  text: string;
  hint: string;
  act: () => void;
}

const hidden: ReadonlySet<Command> = new Set(['palette', 'escape', 'row_down', 'row_up']);

/** Ctrl+K: commands, events and everything of the network by name. */
export function Palette() {
  const [text, setText] = useState('');
  const [at, setAt] = useState(0);
  const wanted = useDeferredValue(text.trim());
  const outages = useLive((live) => live.outages);
  const found = useQuery({
    queryKey: ['search', wanted],
    queryFn: ({ signal }) => searchNetwork(wanted, signal),
    enabled: wanted.length >= 2,
    placeholderData: (before) => before,
  });
  const close = () => useScreen.setState({ paletteOpen: false });
  const entries = useMemo(() => {
    const lower = wanted.toLowerCase();
    const go = (selection: Selection) => () => {
      useScreen.getState().select(selection, { details: true });
      requestZoom('selection');
    };
    const commands: Entry[] = bindings
      .filter(({ command, does }) => !hidden.has(command) && does.toLowerCase().includes(lower))
      .map(({ command, does, keys }) => ({
        key: command,
        kind: 'command',
        text: does,
        hint: keys,
        act: () => run(command),
      }));
    const events: Entry[] =
      wanted.length < 2
        ? []
        : sortOutages(
            [...outages.values()].filter((o) => matchesFilter(o, wanted)),
            { key: 'customers', descending: true },
          )
            .slice(0, 8)
            .map((o) => ({
              key: o.id,
              kind: 'event',
              text: `${o.device_id} on ${o.feeder_name}`,
              hint: `${formatCount(o.customers_out)} customers out`,
              act: go({ kind: 'outage', id: o.id }),
            }));
    const assets: Entry[] = (wanted.length < 2 ? [] : (found.data ?? [])).map((hit) => ({
      key: `${hit.type} ${hit.id}`,
      kind: words(hit.type),
      text: hit.name,
      hint: hit.id,
      act: go({ kind: hit.type === 'meter' ? 'meter' : 'asset', id: hit.id }),
    }));
    return [...events, ...assets, ...(wanted.length < 2 ? commands : commands.slice(0, 5))];
  }, [wanted, outages, found.data]);
  const chosen = Math.min(at, entries.length - 1);
  useEffect(() => {
    document.getElementById(`palette-${chosen}`)?.scrollIntoView({ block: 'nearest' });
  }, [chosen]);

  function key(event: KeyboardEvent) {
    if (event.key === 'ArrowDown') setAt(Math.min(entries.length - 1, chosen + 1));
    else if (event.key === 'ArrowUp') setAt(Math.max(0, chosen - 1));
    else if (event.key === 'Enter' && entries[chosen]) {
      close();
      entries[chosen].act();
    } else return;
    event.preventDefault();
  }

  return (
    <Modal title="Search and commands" wide onClose={close}>
      <div className="border-b border-rule p-2">
        <input
          // biome-ignore lint/a11y/noAutofocus: the palette was asked for in order to type
          autoFocus
          type="text"
          role="combobox"
          aria-expanded="true"
          aria-controls="palette-list"
          aria-activedescendant={entries[chosen] ? `palette-${chosen}` : undefined}
          aria-label="Device, feeder, substation, meter, event or command"
          placeholder="Device, feeder, substation, meter, event or command"
          value={text}
          onChange={(event) => {
            setText(event.target.value);
            setAt(0);
          }}
          onKeyDown={key}
          className="field min-h-9 w-full text-[15px]"
        />
      </div>
      <div id="palette-list" role="listbox" aria-label="Results" className="max-h-[52vh] overflow-auto py-1">
        {entries.map((entry, i) => (
          // biome-ignore lint/a11y/useKeyWithClickEvents lint/a11y/useFocusableInteractive: the combobox keeps the focus
          <div
            key={entry.key}
            id={`palette-${i}`}
            role="option"
            aria-selected={i === chosen}
            onMouseMove={() => setAt(i)}
            onClick={() => {
              close();
              entry.act();
            }}
            className={`flex h-8 cursor-default items-center gap-3 px-4 ${i === chosen ? 'bg-chosen' : ''}`}
          >
            <span className="w-28 shrink-0 truncate text-dim">{entry.kind}</span>
            <span className="truncate">{entry.text}</span>
            <span className="ml-auto shrink-0 text-dim">{entry.hint}</span>
          </div>
        ))}
        {entries.length === 0 && (
          <p className="px-4 py-3 text-dim" role="status">
            {found.isFetching ? 'Searching…' : found.error ? found.error.message : 'Nothing has this name.'}
          </p>
        )}
      </div>
    </Modal>
  );
}
