import { type KeyboardEvent, type ReactNode, useId } from 'react'

/** The two views of a config. */
export type View = 'form' | 'json'

const VIEWS: readonly [View, string][] = [
  ['form', 'Form'],
  ['json', 'JSON'],
]

type ViewTabsProps = { view: View; onView: (view: View) => void; children: ReactNode }

/** Tabs, of which one is shown: by the arrow keys the focus goes from one to the other, and it is opened as it is reached. */
export function ViewTabs({ view, onView, children }: ViewTabsProps) {
  const id = useId()
  const move = ({ key, currentTarget }: KeyboardEvent<HTMLElement>) => {
    if (key !== 'ArrowLeft' && key !== 'ArrowRight') return
    const next = view === 'form' ? 'json' : 'form'
    currentTarget.querySelector<HTMLElement>(`[data-view="${next}"]`)?.focus()
    onView(next)
  }
  return (
    <div>
      <div className="tabs" role="tablist" aria-label="Config" onKeyDown={move}>
        {VIEWS.map(([each, label]) => (
          <button
            key={each}
            type="button"
            role="tab"
            id={`${id}${each}`}
            data-view={each}
            aria-selected={each === view}
            aria-controls={each === view ? `${id}panel` : undefined}
            tabIndex={each === view ? 0 : -1}
            onClick={() => onView(each)}
          >
            {label}
          </button>
        ))}
      </div>
      <div role="tabpanel" id={`${id}panel`} aria-labelledby={`${id}${view}`}>
        {children}
      </div>
    </div>
  )
}
