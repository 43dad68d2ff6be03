import {
  Decoration,
  type DecorationSet,
  EditorView,
  MatchDecorator,
  ViewPlugin,
  type ViewUpdate,
} from '@codemirror/view'

/** An output or a tag of Liquid, wherever it stands: in a template of its own, or in a text of JSON. */
const TAG = /\{\{.*?\}\}|\{%.*?%\}/g
const matcher = new MatchDecorator({ regexp: TAG, decoration: Decoration.mark({ class: 'cm-liquid' }) })

class Marks {
  decorations: DecorationSet
  constructor(view: EditorView) {
    this.decorations = matcher.createDeco(view)
  }
  update(update: ViewUpdate) {
    this.decorations = matcher.updateDeco(update, this.decorations)
  }
}

/** Marks what of a text is filled in when it runs. */
export const liquid = [
  ViewPlugin.fromClass(Marks, { decorations: ({ decorations }) => decorations }),
  EditorView.baseTheme({ '.cm-liquid, .cm-liquid *': { fontWeight: '600' } }),
]
