/**
 * Membership of a consumer group by the broker's own protocol (KIP-848): one heartbeat says what we own, its answer
 * says what we should. Rebalancing is incremental: only partitions that move stop, and a partition is given to its next
 * owner after we have said that we let go of it.
 */
import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { consumerGroupHeartbeatV1 } from '@platformatic/kafka';
import { FluxError } from '#model/errors.ts';
import { ask, type Cluster, hasKafkaError } from './cluster.ts';

export interface OwnedPartition {
  topicId: string;
  partition: number;
}

export interface MembershipNeeds {
  cluster: Cluster;
  group: string;
  topics: string[];
  /** what the group gives us, all of it; resolves when what is not in it any more has come to rest */
  assigned: (partitions: OwnedPartition[]) => Promise<void>;
  report: (message: string, error: unknown) => void;
}

export interface Membership {
  /** Leaves, so that the others need not wait for the session to run out. */
  leave(): Promise<void>;
}

const rebalanceTimeoutMs = 60_000;
const retryMs = 500;
const leaving = -1;

const listOf = (partitions: OwnedPartition[]): { topicId: string; partitions: number[] }[] =>
  [...Map.groupBy(partitions, (owned) => owned.topicId)].map(([topicId, owned]) => ({
    topicId,
    partitions: owned.map((one) => one.partition),
  }));

export function joinGroup(needs: MembershipNeeds): Membership {
  const { cluster, group } = needs;
  const stopping = new AbortController();
  let memberId: string = randomUUID();
  let epoch = 0;
  let owned: OwnedPartition[] = [];
  let coordinator: number | undefined;
  let failures = 0;

  async function heartbeat(as: number): Promise<consumerGroupHeartbeatV1.ConsumerGroupHeartbeatResponse> {
    coordinator ??= await cluster.coordinatorOf(group);
    const connection = await cluster.connection(coordinator, 'group');
    return ask(
      consumerGroupHeartbeatV1.api,
      connection,
      group,
      memberId,
      as,
      null,
      null,
      rebalanceTimeoutMs,
      needs.topics,
      null,
      null,
      listOf(owned),
    );
  }

  /** @returns milliseconds to the next heartbeat */
  async function beat(): Promise<number> {
    const answer = await heartbeat(epoch);
    epoch = answer.memberEpoch;
    if (!answer.assignment) {
      failures = 0;
      return answer.heartbeatIntervalMs;
    }
    const target = answer.assignment.topicPartitions.flatMap(({ topicId, partitions }) =>
      partitions.map((partition) => ({ topicId, partition })),
    );
    await needs.assigned(target);
    owned = target;
    // at once: what we let go of is waited for by another member
    return 0;
  }

  async function startAgain(): Promise<void> {
    epoch = 0;
    owned = [];
    memberId = randomUUID();
    await needs.assigned([]);
  }

  async function afterFailure(error: unknown): Promise<void> {
    if (hasKafkaError(error, 'UNSUPPORTED_VERSION', 'GROUP_ID_NOT_FOUND')) {
      const remedy = 'groups need brokers of Kafka 4.0 or newer; no partition is read meanwhile';
      needs.report(`the broker can not keep group ${group}`, new FluxError('kafka_too_old', remedy, { cause: error }));
    } else if (hasKafkaError(error, 'FENCED_MEMBER_EPOCH', 'UNKNOWN_MEMBER_ID')) {
      // the session ran out and others read our partitions by now
      await startAgain();
      return;
    } else if (failures++ === 3) needs.report(`group ${group} can not be reached; tried again until it can`, error);
    coordinator = undefined;
  }

  const running = (async () => {
    while (!stopping.signal.aborted) {
      let pauseMs = retryMs;
      try {
        pauseMs = await beat();
      } catch (error) {
        if (stopping.signal.aborted) break;
        await afterFailure(error);
      }
      await sleep(pauseMs, undefined, { signal: stopping.signal }).catch(() => undefined);
    }
    await needs.assigned([]);
    owned = [];
    if (epoch > 0) await heartbeat(leaving).catch(() => undefined);
  })();

  return {
    leave: async () => {
      stopping.abort();
      await running;
    },
  };
}
