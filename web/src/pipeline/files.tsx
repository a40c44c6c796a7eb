import { useQuery } from '@tanstack/react-query';
import { getFileLoads } from '../lib/api/endpoints.ts';
import { ageSeconds, formatAge, formatBytes, formatCount, words } from '../lib/time/format.ts';
import { useNow } from '../lib/time/use_now.ts';
import { Cell, SectionHead, Table } from './table.tsx';

const heads = [
  { name: 'File', left: true },
  { name: 'State', left: true },
  { name: 'From', left: true },
  { name: 'Size' },
  { name: 'Records' },
  { name: 'Accepted' },
  { name: 'Set aside' },
  { name: 'Seen' },
];

/** Files of readings, newest first. */
export function Files() {
  const now = useNow();
  const files = useQuery({
    queryKey: ['file-loads'],
    queryFn: ({ signal }) => getFileLoads(20, signal),
    refetchInterval: 10_000,
  });
  if (files.isError && !files.data)
    return (
      <>
        <SectionHead title="Files" />
        <p role="alert" className="text-bad">
          {files.error.message}
        </p>
      </>
    );
  if (files.isPending) return null;
  return (
    <>
      <SectionHead title="Files">
        {files.data.length === 0 ? 'None has come yet. ' : ''}The newest 20 of folder, bucket and imports; each content
        is loaded once.
      </SectionHead>
      {files.data.length > 0 && (
        <Table label="Files" heads={heads}>
          {files.data.map((file) => (
            <tr key={file.id} className="border-t border-rule">
              <th scope="row" className="max-w-80 truncate px-2 py-1.5 text-left font-medium" title={file.name}>
                {file.name}
              </th>
              <Cell left>
                <span className={file.state === 'set_aside' ? 'text-warn' : ''} title={file.reason ?? undefined}>
                  {file.state === 'set_aside' && '▲ '}
                  {words(file.state)}
                </span>
                {file.code && <span className="text-dim"> {words(file.code)}</span>}
              </Cell>
              <Cell left>{file.origin}</Cell>
              <Cell>{formatBytes(file.byte_count)}</Cell>
              <Cell>{formatCount(file.records)}</Cell>
              <Cell>{formatCount(file.accepted)}</Cell>
              <Cell>{formatCount(file.set_aside)}</Cell>
              <Cell>{formatAge(ageSeconds(file.first_seen, now))} ago</Cell>
            </tr>
          ))}
        </Table>
      )}
    </>
  );
}
