import { Menu } from '@base-ui/react/menu';
import { goToPage } from './nav.tsx';
import { pages } from './pages.ts';
import { useScreen } from './screen_store.ts';

/** The pages as a menu, for narrow windows and phones. */
export function NavMenu() {
  const current = useScreen((screen) => screen.page);
  const { name } = pages.find(({ page }) => page === current) ?? pages[0];
  return (
    <Menu.Root>
      <Menu.Trigger className="button sm:w-30 sm:justify-start" aria-label={`Pages; now ${name}`}>
        <span aria-hidden="true">☰</span>
        <span className="hidden sm:inline">{name}</span>
      </Menu.Trigger>
      <Menu.Portal>
        <Menu.Positioner sideOffset={4} align="start" className="z-50">
          <Menu.Popup className="min-w-44 rounded-md border border-rule bg-raised py-1 shadow-xl outline-none">
            {pages.map((entry) => (
              <Menu.Item
                key={entry.page}
                className="flex w-full cursor-default items-center gap-2 px-3 py-2 text-left outline-none data-[highlighted]:bg-hover"
                onClick={() => goToPage(entry.page)}
              >
                <span aria-hidden="true" className="w-3 text-accent">
                  {entry.page === current ? '●' : ''}
                </span>
                {entry.name}
                {entry.page === current && <span className="sr-only">, shown now</span>}
              </Menu.Item>
            ))}
          </Menu.Popup>
        </Menu.Positioner>
      </Menu.Portal>
    </Menu.Root>
  );
}
