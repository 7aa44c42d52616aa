/** The text of a message as the server stores it, so that what is shown before and after is the same. */

const CONTROLS = /(?![\n\t])\p{Cc}/gu

/** Without control characters other than line feed and tab, without outer white space; may be empty. */
export function cleanMessage(text: string): string {
  return text.replace(CONTROLS, '').trim().normalize('NFC')
}

/** How long a message is to the server: in UTF-8 bytes. */
export function messageBytes(text: string): number {
  return new TextEncoder().encode(cleanMessage(text)).length
}
