import { lazy, Suspense } from 'react';
import { type PageName, pages } from './pages.ts';
import { useScreen } from './screen_store.ts';

const NavMenu = lazy(async () => ({ default: (await import('./nav_menu.tsx')).NavMenu }));

export function goToPage(page: PageName): void {
  useScreen.setState({ page, pane: null });
}

/** Where one can go: side by side where there is room, a menu where there is not. */
export function Nav() {
  const current = useScreen((screen) => screen.page);
  return (
    <>
      <nav aria-label="Pages" className="hidden items-center gap-0.5 min-[1800px]:flex">
        {pages.map(({ page, name, title }) => (
          <button
            key={page}
            type="button"
            title={title}
            aria-current={page === current ? 'page' : undefined}
            onClick={() => goToPage(page)}
            className={`rounded-sm px-2 py-1 ${page === current ? 'text-ink underline decoration-accent decoration-2 underline-offset-4' : 'text-dim hover:text-ink'}`}
          >
            {name}
          </button>
        ))}
      </nav>
      <div className="min-[1800px]:hidden">
        <Suspense fallback={<span className="button sm:w-30 sm:justify-start">☰</span>}>
          <NavMenu />
        </Suspense>
      </div>
    </>
  );
}
