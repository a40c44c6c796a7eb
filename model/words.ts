/** "1 customer", "2,088 customers" */
export function customersInWords(count: number): string {
  return `${count.toLocaleString('en-US')} customer${count === 1 ? '' : 's'}`;
}
