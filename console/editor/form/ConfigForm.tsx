// Not from the package as a whole, which asks for a validator that compiles schemas.
import Form from '@rjsf/core/lib/components/Form.js'
import type { RJSFSchema, UiSchema } from '@rjsf/utils'
import { FormContext, type FormState } from './context.ts'
import { Field } from './Field.tsx'
import { JsonField, NumberField } from './fields.tsx'
import { Item, Items, Members, Optional, Union } from './templates.tsx'
import { validator } from './validator.ts'
import { SelectWidget, TextWidget, YesNoWidget } from './widgets.tsx'

const FIELDS = { NumberField, FallbackField: JsonField }
const TEMPLATES = {
  FieldTemplate: Field,
  ObjectFieldTemplate: Members,
  ArrayFieldTemplate: Items,
  ArrayFieldItemTemplate: Item,
  MultiSchemaFieldTemplate: Union,
  OptionalDataControlsTemplate: Optional,
}
const WIDGETS = {
  TextWidget,
  TextareaWidget: TextWidget,
  URLWidget: TextWidget,
  EmailWidget: TextWidget,
  DateTimeWidget: TextWidget,
  DateWidget: TextWidget,
  TimeWidget: TextWidget,
  SelectWidget,
  CheckboxWidget: YesNoWidget,
}
const UI: UiSchema = {
  'ui:globalOptions': { enableOptionalDataFieldForType: ['object', 'array'] },
  'ui:submitButtonOptions': { norender: true },
}
/** Nothing is filled in that nobody chose. */
const DEFAULTS = {
  arrayMinItems: { populate: 'never' },
  emptyObjectFields: 'skipEmptyDefaults',
  allOf: 'skipDefaults',
  requiredBooleanDefault: 'skip',
} as const

type ConfigFormProps = FormState & {
  schema: RJSFSchema
  value: unknown
  onChange: (value: unknown) => void
}

/** A config as a form, made of the schema of its kind. */
export default function ConfigForm({ schema, value, onChange, ...state }: ConfigFormProps) {
  return (
    <FormContext value={state}>
      <Form
        tagName="div"
        className="config"
        idPrefix="config"
        schema={schema}
        uiSchema={UI}
        formData={value}
        validator={validator}
        fields={FIELDS}
        templates={TEMPLATES}
        widgets={WIDGETS}
        experimental_defaultFormStateBehavior={DEFAULTS}
        noValidate
        showErrorList={false}
        onChange={({ formData }) => onChange(formData)}
      />
    </FormContext>
  )
}
