/**
 * Connections to a cluster: which broker leads which partition, one connection per broker and purpose, made again where
 * it died. The library connects and authenticates; what is asked on a connection is decided by those who use it.
 */
import { isIP } from 'node:net';
import {
  type API,
  Connection,
  type ConnectionOptions,
  findCoordinatorV6,
  listOffsetsV9,
  metadataV12,
} from '@platformatic/kafka';
import { FluxError, messageOf } from '#model/errors.ts';

export interface KafkaAccess {
  /** host:port, several for a start that does not depend on one */
  brokers: string[];
  sasl?: { mechanism: 'PLAIN' | 'SCRAM-SHA-256' | 'SCRAM-SHA-512'; username: string; password: string };
  /** certificates to trust, PEM; an empty object trusts the system's */
  tls?: { ca?: string };
}

export interface TopicPartition {
  partition: number;
  /** node id, -1 where the partition has no leader at the moment */
  leader: number;
  leaderEpoch: number;
}

export interface Topic {
  name: string;
  /** changes where a topic is deleted and made again under its name */
  id: string;
  partitions: TopicPartition[];
}

export interface Cluster {
  /** Topics as they are now; those that do not exist are left out. @throws FluxError `kafka_unreachable` */
  topics(names: string[]): Promise<Map<string, Topic>>;
  /** A live connection to a broker. @param purpose a fetch that waits must not hold up a heartbeat */
  connection(node: number, purpose: string): Promise<Connection>;
  /** Node id of the broker that coordinates a group. */
  coordinatorOf(group: string): Promise<number>;
  /** Oldest and next offset of a partition. */
  offsetsOf(topic: Topic, partition: number): Promise<{ first: number; next: number }>;
  close(): Promise<void>;
}

interface Address {
  host: string;
  port: number;
}

export function addressOf(broker: string): Address {
  const match = /^\[?([^\s[\]]+?)\]?:(\d{1,5})$/.exec(broker.trim());
  if (!match || Number(match[2]) > 65_535)
    throw new FluxError('bad_usage', `a Kafka broker must be host:port, not ${broker}`);
  return { host: match[1], port: Number(match[2]) };
}

const earliest = -2n;
const latest = -1n;

export function openCluster(access: KafkaAccess, clientId: string): Cluster {
  const bootstrap = access.brokers.map(addressOf);
  const options: ConnectionOptions = {
    connectTimeout: 5000,
    requestTimeout: 30_000,
    maxInflights: 5,
    ...(access.sasl ? { sasl: access.sasl } : {}),
    ...(access.tls ? { tls: access.tls.ca ? { ca: access.tls.ca } : {} } : {}),
  };
  const connections = new Map<string, Promise<Connection>>();
  let nodes = new Map<number, Address>();
  let closed = false;

  async function connect({ host, port }: Address): Promise<Connection> {
    // an address that is no name can not be asked for by name
    const byName = access.tls && isIP(host) === 0 ? { tlsServerName: host } : {};
    const connection = new Connection(clientId, { ...options, ...byName });
    // told to whoever waits for an answer on it; without a listener it would end the process
    connection.on('error', () => undefined);
    await connection.connect(host, port);
    return connection;
  }

  async function connectionTo(address: Address, purpose: string): Promise<Connection> {
    const key = `${purpose} ${address.host}:${address.port}`;
    const known = await connections.get(key)?.catch(() => undefined);
    if (known?.isConnected()) return known;
    if (closed) throw new FluxError('kafka_unreachable', 'the Kafka connections of this process are closed');
    const made = connect(address);
    connections.set(key, made);
    made.catch(() => connections.delete(key));
    return made;
  }

  /** Asks the first broker that answers, those that led to the cluster last. */
  async function anyBroker<T>(ask: (connection: Connection) => Promise<T>): Promise<T> {
    let problem: unknown;
    for (const address of [...nodes.values(), ...bootstrap]) {
      try {
        return await ask(await connectionTo(address, 'metadata'));
      } catch (error) {
        problem = error;
      }
    }
    throw new FluxError(
      'kafka_unreachable',
      `no broker of ${access.brokers.join(', ')} answers (${reasonOf(problem)}); check the addresses, FLUX_KAFKA_TLS and FLUX_KAFKA_SASL`,
      { cause: problem, canRetry: true },
    );
  }

  async function nodeConnection(node: number, purpose: string): Promise<Connection> {
    const address = nodes.get(node);
    if (!address)
      throw new FluxError('kafka_unreachable', `broker ${node} is not in the cluster any more`, { canRetry: true });
    return connectionTo(address, purpose);
  }

  const cluster: Cluster = {
    topics: async (names) => {
      const answer = await anyBroker((connection) =>
        ask(metadataV12.api, connection, names, false, false).catch(answerDespiteTopics),
      );
      nodes = new Map(answer.brokers.map(({ nodeId, host, port }) => [nodeId, { host, port }]));
      return new Map(
        answer.topics
          .filter((topic) => topic.errorCode === 0 && topic.name !== null)
          .map((topic) => [topic.name!, topicOf(topic)]),
      );
    },
    connection: nodeConnection,
    coordinatorOf: async (group) => {
      const { coordinators } = await anyBroker((connection) => ask(findCoordinatorV6.api, connection, 0, [group]));
      const [found] = coordinators;
      nodes.set(found.nodeId, { host: found.host, port: found.port });
      return found.nodeId;
    },
    offsetsOf: async (topic, partition) => {
      const leader = topic.partitions.find((part) => part.partition === partition)?.leader ?? -1;
      const connection = await nodeConnection(leader, 'metadata');
      const at = async (timestamp: bigint): Promise<number> => {
        const partitions = [{ partitionIndex: partition, currentLeaderEpoch: -1, timestamp }];
        const answer = await ask(listOffsetsV9.api, connection, -1, 0, [{ name: topic.name, partitions }]);
        return Number(answer.topics[0].partitions[0].offset);
      };
      return { first: await at(earliest), next: await at(latest) };
    },
    close: async () => {
      closed = true;
      const all = [...connections.values()];
      connections.clear();
      await Promise.all(all.map(async (made) => (await made).close()).map((closing) => closing.catch(() => undefined)));
    },
  };
  return cluster;
}

/** The library takes one topic that does not exist for a failure of the whole answer. */
function answerDespiteTopics(error: unknown): metadataV12.MetadataResponse {
  const { response } = error as { response?: metadataV12.MetadataResponse };
  if (!response?.topics) throw error;
  return response;
}

function topicOf(topic: metadataV12.MetadataResponseTopic): Topic {
  return {
    name: topic.name!,
    id: topic.topicId,
    partitions: topic.partitions
      .map(({ partitionIndex, leaderId, leaderEpoch }) => ({
        partition: partitionIndex,
        leader: leaderId,
        leaderEpoch,
      }))
      .sort((a, b) => a.partition - b.partition),
  };
}

/** One request and its answer. */
export function ask<Arguments extends unknown[], Answer>(
  api: API<Arguments, Answer>,
  connection: Connection,
  ...values: Arguments
): Promise<Answer> {
  return api.async(connection, ...values);
}

/** The broker's own words: the library wraps them. */
export function reasonOf(error: unknown): string {
  const inner = error instanceof AggregateError && error.errors.length > 0 ? error.errors[0] : undefined;
  return inner ? `${messageOf(error)}: ${messageOf(inner)}` : messageOf(error);
}

/** Names of protocol errors anywhere inside, e.g. UNKNOWN_TOPIC_ID. */
export function hasKafkaError(error: unknown, ...names: string[]): boolean {
  if (typeof error !== 'object' || error === null) return false;
  const { apiId, errors, cause } = error as { apiId?: string; errors?: unknown[]; cause?: unknown };
  if (apiId !== undefined && names.includes(apiId)) return true;
  return (errors ?? []).some((inner) => hasKafkaError(inner, ...names)) || hasKafkaError(cause, ...names);
}
