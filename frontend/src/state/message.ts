/** The text of a message as the server stores it, so that what is shown before and after is the same. */

const CONTROLS = /(?![\n\t])\p{Cc}/gu

const VISIBLE = /[^\p{White_Space}\p{Default_Ignorable_Code_Point}]/u

/** Without control characters other than line feed and tab, without outer white space; empty where nothing can be seen. */
export function cleanMessage(text: string): string {
  const cleaned = text.replace(CONTROLS, '').trim().normalize('NFC')
  return VISIBLE.test(cleaned) ? cleaned : ''
}

/** How long a message is to the server: in UTF-8 bytes. */
export function messageBytes(text: string): number {
  return new TextEncoder().encode(cleanMessage(text)).length
}
