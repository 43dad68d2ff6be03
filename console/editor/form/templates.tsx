import {
  type ArrayFieldItemTemplateProps,
  type ArrayFieldTemplateProps,
  canExpand,
  type ObjectFieldTemplateProps,
} from '@rjsf/utils'
import { useField } from './context.ts'

/** The members of an object. */
export function Members(props: ObjectFieldTemplateProps) {
  const { properties, schema, uiSchema, formData, onAddProperty } = props
  return (
    <>
      {properties.map(({ name, content }) => (
        <div key={name}>{content}</div>
      ))}
      {schema.additionalProperties && canExpand(schema, uiSchema, formData) && <Add onClick={onAddProperty} />}
    </>
  )
}

/** The items of a list. */
export function Items({ items, canAdd, onAddClick }: ArrayFieldTemplateProps) {
  return (
    <>
      {items}
      {canAdd && <Add onClick={onAddClick} />}
    </>
  )
}

function Add({ onClick }: { onClick: () => void }) {
  const { label } = useField()
  return (
    <button type="button" className="small" onClick={() => onClick()} aria-label={`Add one to ${label}`}>
      Add one
    </button>
  )
}

/** One item of a list, with what may be done with it. */
export function Item({ children, buttonsProps, hasToolbar, index }: ArrayFieldItemTemplateProps) {
  const { hasMoveUp, hasMoveDown, hasRemove, onMoveUpItem, onMoveDownItem, onRemoveItem } = buttonsProps
  const name = `item ${index + 1}`
  return (
    <div className="item">
      {children}
      {hasToolbar && (
        <div className="deeds">
          {hasMoveUp && (
            <button type="button" className="small" onClick={() => onMoveUpItem()} aria-label={`Move up ${name}`}>
              Move up
            </button>
          )}
          {hasMoveDown && (
            <button type="button" className="small" onClick={() => onMoveDownItem()} aria-label={`Move down ${name}`}>
              Move down
            </button>
          )}
          {hasRemove && (
            <button type="button" className="small" onClick={() => onRemoveItem()} aria-label={`Remove ${name}`}>
              Remove
            </button>
          )}
        </div>
      )}
    </div>
  )
}
