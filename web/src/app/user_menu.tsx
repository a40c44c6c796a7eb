import { Menu } from '@base-ui/react/menu';
import type { Session } from '#model/api/common.ts';
import { signOut } from '../lib/api/endpoints.ts';
import { toggleTheme, toggleUtc, useScreen } from './screen_store.ts';
import type { PageName } from './url_state.ts';

const menuItem = 'block w-full px-3 py-1.5 text-left data-[highlighted]:bg-hover outline-none cursor-default';

const pages: { name: PageName; title: string }[] = [
  { name: 'center', title: 'Operator screen' },
  { name: 'pipeline', title: 'Data pipeline' },
  { name: 'validation', title: 'Validation' },
];

/** Page, theme, time, password, sign-out. */
export function UserMenu({ session, onChangePassword }: { session: Session; onChangePassword: () => void }) {
  const page = useScreen((screen) => screen.page);
  return (
    <Menu.Root>
      <Menu.Trigger className="button" aria-label={`Menu of ${session.user}`}>
        <span className="max-w-24 truncate">{session.open ? 'open mode' : session.user}</span>
        <span className="hidden text-dim md:inline">{session.role}</span>
      </Menu.Trigger>
      <Menu.Portal>
        <Menu.Positioner sideOffset={4} align="end" className="z-50">
          <Menu.Popup className="min-w-52 rounded-md border border-rule bg-raised py-1 shadow-xl outline-none">
            {pages
              .filter(({ name }) => name !== page)
              .map(({ name, title }) => (
                <Menu.Item key={name} className={menuItem} onClick={() => useScreen.setState({ page: name })}>
                  {title}
                </Menu.Item>
              ))}
            <Menu.Item className={menuItem} onClick={toggleTheme}>
              Light or dark
            </Menu.Item>
            <Menu.Item className={menuItem} onClick={toggleUtc}>
              Utility time or UTC
            </Menu.Item>
            {!session.open && (
              <>
                <Menu.Separator className="my-1 h-px bg-rule" />
                <Menu.Item className={menuItem} onClick={onChangePassword}>
                  Change password
                </Menu.Item>
                <Menu.Item className={menuItem} onClick={() => void signOut().finally(() => location.assign('/'))}>
                  Sign out
                </Menu.Item>
              </>
            )}
          </Menu.Popup>
        </Menu.Positioner>
      </Menu.Portal>
    </Menu.Root>
  );
}
