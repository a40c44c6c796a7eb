/** A text as a literal of SQL: paths and names in statements that take no parameters there. */
export const quoted = (text: string): string => `'${text.replaceAll("'", "''")}'`;
