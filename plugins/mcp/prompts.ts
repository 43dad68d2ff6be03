/** Beginnings of conversations that people pick in their client. */
export const PROMPTS = [
  {
    name: 'propose_an_automation',
    title: 'Propose an automation',
    description: 'Turns what somebody wants into a proposal that a person can approve.',
    arguments: [{ name: 'goal', description: 'What should happen, and when.', required: true }],
    text: ({ goal = '' }: Record<string, string>) =>
      `Propose an automation that does this: ${goal}\n\n` +
      'Call get_workspace first, then get_kind for the kind that fits best. Try configs out with preview_automation until it has no ' +
      'problems, or only those that a person has to solve, such as a secret. Then propose_automation with a note that says in a ' +
      'sentence or two why, and tell me the review_url and the warnings. Then wait_for_decision.',
  },
  {
    name: 'answer_a_rejection',
    title: 'Answer a rejection',
    description: 'Reads why a proposal was rejected, and proposes it anew, corrected.',
    arguments: [
      { name: 'space_id', description: 'The space.', required: true },
      { name: 'automation_id', description: 'The automation.', required: true },
    ],
    text: ({ space_id = '', automation_id = '' }: Record<string, string>) =>
      `The proposal ${automation_id} in the space ${space_id} was rejected. Call get_automation: rejection_reason, and the code and paths of ` +
      'rejection, say why. Correct exactly that with preview_automation and revise_automation, and leave the rest as it is. Say in ' +
      'the note what you changed. If you cannot tell what is wrong, ask me instead of guessing.',
  },
] as const
