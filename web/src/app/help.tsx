import { bindings } from './keymap.ts';
import { Modal } from './modal.tsx';
import { useScreen } from './screen_store.ts';

const groups = ['Lists', 'Outages', 'Network', 'Screen'] as const;

/** Keys of the lists of other pages, where the list has the focus. */
const pageKeys: { page: string; keys: [keys: string, does: string][] }[] = [
  {
    page: 'Crews, orders, calls, times, areas',
    keys: [
      ['j k', 'next, previous row'],
      ['Enter', 'open it'],
    ],
  },
  {
    page: 'Set-aside records',
    keys: [
      ['j k', 'next, previous record'],
      ['Enter', 'go to the record shown'],
    ],
  },
  {
    page: 'Generator runs',
    keys: [
      ['j k', 'next, previous run'],
      ['p', 'pause or resume the run'],
      ['x', 'cancel the run (asks first)'],
    ],
  },
];

/** The keyboard, and what the shapes and colours mean. */
export function Help() {
  return (
    <Modal title="Keyboard" wide onClose={() => useScreen.setState({ helpOpen: false })}>
      <div className="columns-1 gap-8 p-4 sm:columns-2">
        {groups.map((group) => (
          <section key={group} className="mb-4 break-inside-avoid">
            <h3 className="mb-1 text-[11px] font-semibold tracking-[0.08em] text-dim uppercase">{group}</h3>
            <dl>
              {bindings
                .filter((binding) => binding.group === group)
                .map(({ keys, does }) => (
                  <div key={keys} className="flex items-baseline gap-3 py-0.5">
                    <dt className="w-20 shrink-0">
                      {keys.split(/ |\+/).map((key) => (
                        <kbd key={key} className="key mr-1">
                          {key}
                        </kbd>
                      ))}
                    </dt>
                    <dd>{does}</dd>
                  </div>
                ))}
            </dl>
          </section>
        ))}
        {pageKeys.map(({ page, keys }) => (
          <section key={page} className="mb-4 break-inside-avoid">
            <h3 className="mb-1 text-[11px] font-semibold tracking-[0.08em] text-dim uppercase">{page}</h3>
            <dl>
              {keys.map(([key, does]) => (
                <div key={key} className="flex items-baseline gap-3 py-0.5">
                  <dt className="w-20 shrink-0">
                    {key.split(' ').map((one) => (
                      <kbd key={one} className="key mr-1">
                        {one}
                      </kbd>
                    ))}
                  </dt>
                  <dd>{does}</dd>
                </div>
              ))}
            </dl>
          </section>
        ))}
        <section className="break-inside-avoid">
          <h3 className="mb-1 text-[11px] font-semibold tracking-[0.08em] text-dim uppercase">Shapes</h3>
          <p className="text-dim">
            Square breaker, circle recloser, half circle sectionalizer, bar fuse, diamond switch, triangle transformer;
            hollow is open. An outage is a filled disc once confirmed, a ring while predicted, a disc with an inner ring
            where a critical customer is out. Grey is normal; red is without supply, violet an open device, green a
            closed tie.
          </p>
        </section>
      </div>
      <p className="border-t border-rule px-4 py-2 text-dim">
        No key executes a switching step: switching is confirmed with a reason.
      </p>
    </Modal>
  );
}
