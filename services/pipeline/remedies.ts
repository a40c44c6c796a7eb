/** What an operator can do about a record that was refused, by the code of the refusal. */
const remedies: Record<string, string> = {
  unknown_meter: 'Import the network that holds this meter (flux network import), then re-submit; or correct meter_id.',
  bad_meter_id: 'Name the meter in meter_id, as text, then re-submit.',
  not_an_object: 'Write the record as an object with named fields, then re-submit.',
  bad_time: 'Correct the time: ISO 8601 with a zone. Where many records of a sender have it, mend the sender.',
  future_time:
    'Correct the clock of the meter or the head-end. Re-submit once the time has passed, or with the right time.',
  unaligned_time: 'Correct the time to the start of an interval, then re-submit.',
  bad_interval_minutes: 'Use an interval that divides an hour, then re-submit.',
  bad_kwh: 'Check the unit (kWh, not Wh) and the value; estimate the interval where the value is lost.',
  bad_voltage: 'Correct the voltage (V), or leave it out, then re-submit.',
  bad_quality: 'Use one of the known qualities, or leave it out, then re-submit.',
  bad_source_seq: 'Leave source_seq out, or give a whole number, then re-submit.',
  bad_type: 'Use one of the known event types, then re-submit.',
};

const otherwise = 'Correct the record as the reason says and re-submit it, or dismiss it with a reason.';

export const remedyOf = (code: string): string => remedies[code] ?? otherwise;
