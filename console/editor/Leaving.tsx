import { AlertDialog } from '@base-ui/react/alert-dialog'
import { useBlocker } from '@tanstack/react-router'

/** Asks before what was typed is lost. @param isNeeded is asked when somebody leaves */
export function Leaving({ isNeeded }: { isNeeded: () => boolean }) {
  const blocker = useBlocker({
    shouldBlockFn: ({ current, next }) => isNeeded() && placeOf(current) !== placeOf(next),
    enableBeforeUnload: isNeeded,
    withResolver: true,
  })
  return (
    <AlertDialog.Root open={blocker.status === 'blocked'} onOpenChange={(isOpen) => !isOpen && blocker.reset?.()}>
      <AlertDialog.Portal>
        <AlertDialog.Backdrop className="backdrop" />
        <AlertDialog.Popup className="dialog">
          <AlertDialog.Title>Leave without saving?</AlertDialog.Title>
          <AlertDialog.Description>What you typed would be lost.</AlertDialog.Description>
          <div className="deeds">
            <button type="button" className="primary" onClick={() => blocker.reset?.()}>
              Stay
            </button>
            <button type="button" className="danger" onClick={() => blocker.proceed?.()}>
              Leave
            </button>
          </div>
        </AlertDialog.Popup>
      </AlertDialog.Portal>
    </AlertDialog.Root>
  )
}

/** Form and JSON are two views of one place. */
function placeOf({ pathname, search }: { pathname: string; search: object }): string {
  const { tab: _, ...others } = search as Record<string, unknown>
  return `${pathname} ${JSON.stringify(others)}`
}
