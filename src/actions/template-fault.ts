/** What goes wrong because of the template and not of the program; the message is for people. */
export class TemplateFault extends Error {
  override readonly name = 'TemplateFault'
}
