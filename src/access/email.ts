/** The one spelling under which an email is kept, found and compared. */
export function normalizeEmail(text: string): string {
  return text.trim().toLowerCase()
}
