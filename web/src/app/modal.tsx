import { Dialog } from '@base-ui/react/dialog';
import { type ReactNode, useRef } from 'react';

/** A dialog over the screen; Escape and the backdrop close it, focus returns to where it was. */
export function Modal({
  title,
  wide = false,
  onClose,
  children,
}: {
  title: string;
  wide?: boolean;
  onClose: () => void;
  children: ReactNode;
}) {
  const popup = useRef<HTMLDivElement>(null);
  return (
    <Dialog.Root open onOpenChange={(open) => !open && onClose()}>
      <Dialog.Portal>
        <Dialog.Backdrop className="fixed inset-0 z-40 bg-black/55" />
        <Dialog.Popup
          ref={popup}
          initialFocus={() => popup.current?.querySelector<HTMLElement>('input:not([hidden])') ?? true}
          className={`fixed top-[12vh] left-1/2 z-50 flex max-h-[76vh] w-[calc(100vw-24px)] -translate-x-1/2 flex-col overflow-hidden rounded-lg border border-rule bg-pane shadow-2xl ${wide ? 'max-w-3xl' : 'max-w-md'}`}
        >
          <div className="flex items-center justify-between border-b border-rule px-4 py-2">
            <Dialog.Title className="font-semibold">{title}</Dialog.Title>
            <Dialog.Close className="button border-transparent bg-transparent px-2" aria-label="Close">
              ✕
            </Dialog.Close>
          </div>
          <div className="min-h-0 overflow-auto">{children}</div>
        </Dialog.Popup>
      </Dialog.Portal>
    </Dialog.Root>
  );
}
