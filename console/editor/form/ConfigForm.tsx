// Not from the package as a whole, which asks for a validator that compiles schemas.
import Form from '@rjsf/core/lib/components/Form.js'
import { englishStringTranslator, type RJSFSchema, TranslatableString, type UiSchema } from '@rjsf/utils'
import { FormContext, type FormState } from './context.ts'
import { Field } from './Field.tsx'
import { AnyField, NumberField } from './fields.tsx'
import { Item, Items, Members } from './templates.tsx'
import { UnionField } from './UnionField.tsx'
import { validator } from './validator.ts'
import { SelectWidget, TextWidget, YesNoWidget } from './widgets.tsx'

const FIELDS = { NumberField, FallbackField: AnyField, OneOfField: UnionField, AnyOfField: UnionField }
const TEMPLATES = {
  FieldTemplate: Field,
  ObjectFieldTemplate: Members,
  ArrayFieldTemplate: Items,
  ArrayFieldItemTemplate: Item,
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
  'ui:submitButtonOptions': { norender: true },
}
/** Nothing is filled in that nobody chose. */
const DEFAULTS = {
  arrayMinItems: { populate: 'never' },
  constAsDefaults: 'never',
  emptyObjectFields: 'skipDefaults',
  allOf: 'skipDefaults',
  requiredBooleanDefault: 'skip',
} as const

/** A new text is empty. */
const wordsFor: typeof englishStringTranslator = (words, params) =>
  words === TranslatableString.NewStringDefault ? '' : englishStringTranslator(words, params)

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
        translateString={wordsFor}
        noValidate
        showErrorList={false}
        onChange={({ formData }) => onChange(formData)}
      />
    </FormContext>
  )
}
