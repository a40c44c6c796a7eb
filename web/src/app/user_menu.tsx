import { Menu } from '@base-ui/react/menu';
import type { Session } from '#model/api/common.ts';
import { signOut } from '../lib/api/endpoints.ts';
import { PhoneIcon } from './icon.tsx';
import { toggleTheme, toggleUtc } from './screen_store.ts';

const menuItem = 'block w-full px-3 py-1.5 text-left data-[highlighted]:bg-hover outline-none cursor-default';

/** Theme, time, password, sign-out. */
export function UserMenu({ session, onChangePassword }: { session: Session; onChangePassword: () => void }) {
  return (
    <Menu.Root>
      <Menu.Trigger className="button" aria-label={`Menu of ${session.user}`}>
        <PhoneIcon title={session.user}>
          <circle cx="7" cy="4" r="2.8" />
          <path d="M1.5 13c.6-3 3-4 5.5-4s4.9 1 5.5 4" />
        </PhoneIcon>
        <span className="hidden max-w-24 truncate sm:inline">{session.open ? 'open mode' : session.user}</span>
        <span className="hidden text-dim md:inline">{session.role}</span>
      </Menu.Trigger>
      <Menu.Portal>
        <Menu.Positioner sideOffset={4} align="end" className="z-50">
          <Menu.Popup className="min-w-52 rounded-md border border-rule bg-raised py-1 shadow-xl outline-none">
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
