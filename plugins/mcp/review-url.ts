/** Where people decide on proposals: until there is a page for that, in the document, where each operation can be tried out. */
export function reviewUrl(publicUrl: string): string {
  return `${publicUrl}/docs/#/Review/listReviews`
}
