//! Producer and consumer against librdkafka's own mock cluster: real sockets and protocol, no broker to install.
#![cfg(feature = "kafka")]
#![expect(clippy::unwrap_used, reason = "in functions that only tests call")]

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

use arrow_array::cast::AsArray;
use arrow_array::types::{Int32Type, Int64Type, TimestampMillisecondType};
use arrow_array::{Array, RecordBatch};
use logcore::kafka::{
    Consumer, ConsumerOptions, LogSource, Producer, ProducerOptions, Properties, Shard, Start, Stats,
};
use logcore::verdict::{Reason, Status};
use rdkafka::ClientConfig;
use rdkafka::message::{Header, OwnedHeaders};
use rdkafka::mocking::MockCluster;
use rdkafka::producer::{BaseProducer, BaseRecord, DefaultProducerContext, Producer as _};

const TOPIC: &str = "logs";
const PARTITIONS: i32 = 3;

type Cluster = MockCluster<'static, DefaultProducerContext>;

fn cluster() -> Cluster {
    let cluster = MockCluster::new(1).unwrap();
    cluster.create_topic(TOPIC, PARTITIONS, 1).unwrap();
    cluster
}

/// Record `i` is the text of `i`; every third is bad; the record `oversized` has 2 KB.
#[derive(Default)]
struct Numbers {
    oversized: Option<u64>,
}

impl LogSource for Numbers {
    fn write(&mut self, index: u64, log: &mut Vec<u8>, _: &mut Vec<Reason>) -> Status {
        log.extend_from_slice(index.to_string().as_bytes());
        if self.oversized == Some(index) {
            log.resize(2048, b' ');
        }
        if index.is_multiple_of(3) { Status::Bad } else { Status::Good }
    }

    fn expected(&self, status: Status, _: &[Reason], json: &mut Vec<u8>) {
        json.extend_from_slice(status.as_str().as_bytes());
    }
}

fn properties(pairs: &[(&str, &str)]) -> Properties {
    pairs.iter().map(|(name, value)| ((*name).into(), (*value).into())).collect()
}

fn options(cluster: &Cluster) -> ProducerOptions {
    ProducerOptions { brokers: cluster.bootstrap_servers(), topic: TOPIC.into(), ..ProducerOptions::default() }
}

fn numbers(threads: usize) -> Vec<Numbers> {
    (0..threads).map(|_| Numbers::default()).collect()
}

fn finished(producer: &Producer) -> Stats {
    assert!(producer.join(Duration::from_secs(30)), "{:?}", producer.stats());
    producer.stats()
}

fn produce(cluster: &Cluster, count: u64) {
    let stats =
        finished(&Producer::start(ProducerOptions { count: Some(count), ..options(cluster) }, numbers(1)).unwrap());
    assert_eq!(stats.acknowledged, count);
}

/// The mock cluster takes a member that left for one that died, so that one had better die soon.
const SESSION_MS: &str = "6000";

fn consumer(cluster: &Cluster, group: Option<&str>) -> Consumer {
    Consumer::new(&ConsumerOptions {
        brokers: cluster.bootstrap_servers(),
        topic: TOPIC.into(),
        group: group.map(Into::into),
        start: Start::Earliest,
        read_committed: true,
        config: properties(&[("session.timeout.ms", SESSION_MS)]),
    })
    .unwrap()
}

/// Polls until everything that was there at the start has come.
fn read_to_end(consumer: &mut Consumer) -> Vec<RecordBatch> {
    let ends = consumer.end_offsets().unwrap();
    let deadline = Instant::now() + Duration::from_secs(30);
    let mut batches = vec![];
    while !consumer.at_end(&ends).unwrap() {
        assert!(Instant::now() < deadline, "{ends:?}, at {:?}", consumer.position().unwrap());
        batches.extend(consumer.poll(1000, Duration::from_millis(100)).unwrap());
    }
    batches
}

fn values(batches: &[RecordBatch]) -> Vec<u64> {
    let texts = batches.iter().flat_map(|batch| batch["value"].as_binary::<i32>().iter());
    texts.map(|text| std::str::from_utf8(text.unwrap()).unwrap().trim().parse().unwrap()).collect()
}

#[test]
fn every_record_is_sent_once_whatever_the_number_of_threads() {
    for threads in [1, 3] {
        let cluster = cluster();
        let options = ProducerOptions { count: Some(10_000), ..options(&cluster) };
        let stats = finished(&Producer::start(options, numbers(threads)).unwrap());
        assert_eq!((stats.generated, stats.sent, stats.acknowledged, stats.failed), (10_000, 10_000, 10_000, 0));
        assert_eq!(stats.bytes, (0..10_000_u64).map(|i| i.to_string().len() as u64).sum::<u64>());
        assert!(stats.done && stats.error.is_none() && stats.lag.is_none(), "{stats:?}");

        let got = values(&read_to_end(&mut consumer(&cluster, None)));
        assert_eq!(got.len(), 10_000);
        assert_eq!(got.into_iter().collect::<BTreeSet<_>>(), (0..10_000).collect());
    }
}

#[test]
fn shards_are_disjoint_parts_of_one_stream() {
    let cluster = cluster();
    for (index, threads) in [(0, 1), (1, 2), (2, 3)] {
        let shard = Shard { index, of: 3 };
        let options = ProducerOptions { count: Some(1000), shard, ..options(&cluster) };
        let stats = finished(&Producer::start(options, numbers(threads)).unwrap());
        assert_eq!(stats.acknowledged, if index == 0 { 334 } else { 333 });
    }
    let got = values(&read_to_end(&mut consumer(&cluster, None)));
    assert_eq!(got.len(), 1000);
    assert_eq!(got.into_iter().collect::<BTreeSet<_>>(), (0..1000).collect());

    for (index, of) in [(3, 3), (0, 0), (0, u64::MAX)] {
        let options = ProducerOptions { count: Some(1), shard: Shard { index, of }, ..options(&cluster) };
        let error = Producer::start(options, numbers(2)).err().unwrap();
        assert_eq!(error.to_string(), format!("kafka: there is no shard {index} of {of}"));
    }
}

#[test]
fn the_header_tells_the_truth_and_the_rest_is_as_kafka_makes_it() {
    let cluster = cluster();
    let options = ProducerOptions { count: Some(30), truth: true, ..options(&cluster) };
    assert_eq!(finished(&Producer::start(options, numbers(1)).unwrap()).acknowledged, 30);
    let batches = read_to_end(&mut consumer(&cluster, None));
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap().as_millis();
    let mut rows = 0;
    for batch in &batches {
        assert_eq!(batch["key"].null_count(), batch.num_rows());
        for (row, value) in values(std::slice::from_ref(batch)).into_iter().enumerate() {
            let headers = batch["headers"].as_list::<i32>().value(row);
            let headers = headers.as_struct();
            assert_eq!(headers.len(), 1);
            assert_eq!(headers.column(0).as_string::<i32>().value(0), "logcore.expected");
            let expected: &[u8] = if value.is_multiple_of(3) { b"bad" } else { b"good" };
            assert_eq!(headers.column(1).as_binary::<i32>().value(0), expected);
            let timestamp = batch["timestamp"].as_primitive::<TimestampMillisecondType>().value(row);
            assert!(now.abs_diff(u128::try_from(timestamp).unwrap()) < 60_000);
            rows += 1;
        }
    }
    assert_eq!(rows, 30);
}

#[test]
fn a_stop_flushes_what_is_in_flight() {
    let cluster = cluster();
    let producer = Producer::start(options(&cluster), numbers(2)).unwrap();
    while producer.stats().acknowledged == 0 {
        assert!(!producer.join(Duration::from_millis(10)));
    }
    producer.stop();
    let stats = finished(&producer);
    assert_eq!((stats.generated, stats.acknowledged, stats.failed), (stats.sent, stats.sent, 0));
    let mut got = values(&read_to_end(&mut consumer(&cluster, None)));
    got.sort_unstable();
    got.dedup();
    assert_eq!(got.len() as u64, stats.sent);
}

#[test]
fn a_record_that_the_client_refuses_is_counted_and_the_others_go() {
    let cluster = cluster();
    let config = properties(&[("message.max.bytes", "1000")]);
    let options = ProducerOptions { count: Some(100), config, ..options(&cluster) };
    let stats = finished(&Producer::start(options, vec![Numbers { oversized: Some(7) }]).unwrap());
    assert_eq!((stats.generated, stats.sent, stats.acknowledged, stats.failed), (100, 99, 99, 1));
    assert!(stats.error.as_deref().unwrap().contains("size too large"), "{stats:?}");
}

#[test]
fn a_broker_that_dies_fails_what_it_did_not_acknowledge_and_says_why() {
    let cluster = cluster();
    let config = properties(&[("message.timeout.ms", "1500"), ("reconnect.backoff.max.ms", "200")]);
    let options =
        ProducerOptions { rate: Some(200.0), duration: Some(Duration::from_secs(2)), config, ..options(&cluster) };
    let producer = Producer::start(options, numbers(1)).unwrap();
    while producer.stats().acknowledged < 50 {
        assert!(!producer.join(Duration::from_millis(10)));
    }
    cluster.broker_down(-1).unwrap();
    let stats = finished(&producer);
    assert!(stats.failed > 0 && stats.acknowledged >= 50, "{stats:?}");
    assert_eq!(stats.generated, stats.acknowledged + stats.failed);
    assert!(stats.error.as_deref().unwrap().contains("timed out"), "{stats:?}");
}

#[test]
fn a_broker_that_goes_and_comes_back_costs_no_record() {
    let cluster = cluster();
    let config = properties(&[("reconnect.backoff.max.ms", "200")]);
    let options = ProducerOptions { rate: Some(1000.0), count: Some(2000), config, ..options(&cluster) };
    let producer = Producer::start(options, numbers(2)).unwrap();
    while producer.stats().acknowledged < 100 {
        assert!(!producer.join(Duration::from_millis(10)));
    }
    cluster.broker_down(-1).unwrap();
    std::thread::sleep(Duration::from_millis(500));
    cluster.broker_up(-1).unwrap();
    let stats = finished(&producer);
    assert_eq!((stats.acknowledged, stats.failed), (2000, 0), "{stats:?}");
    let got = values(&read_to_end(&mut consumer(&cluster, None)));
    assert_eq!(got.into_iter().collect::<BTreeSet<_>>().len(), 2000);
}

#[test]
fn a_rate_is_kept_and_its_lag_measured() {
    let cluster = cluster();
    let options = ProducerOptions { rate: Some(500.0), duration: Some(Duration::from_secs(2)), ..options(&cluster) };
    let producer = Producer::start(options, numbers(2)).unwrap();
    std::thread::sleep(Duration::from_millis(1500));
    let halfway = producer.stats();
    assert!(halfway.rate > 100.0 && !halfway.done, "{halfway:?}");
    let stats = finished(&producer);
    assert_eq!(stats.acknowledged, 1000);
    assert!((1.9..3.0).contains(&stats.elapsed), "{stats:?}");
    let [p50, p99, max] = stats.lag.unwrap();
    assert!(p50 <= p99 && p99 <= max && p50 < 0.1, "{stats:?}");
}

#[test]
fn a_duration_lasts_although_the_last_record_was_due_before() {
    let cluster = cluster();
    let options = ProducerOptions { rate: Some(1.0), duration: Some(Duration::from_millis(1900)), ..options(&cluster) };
    let producer = Producer::start(options, numbers(3)).unwrap();
    let stats = finished(&producer);
    assert_eq!(stats.acknowledged, 2);
    assert!((1.9..3.0).contains(&stats.elapsed), "{stats:?}");
}

#[test]
fn no_broker_is_said_in_one_line() {
    let options = ProducerOptions { brokers: "127.0.0.1:1".into(), topic: TOPIC.into(), ..ProducerOptions::default() };
    let start = Instant::now();
    let error = Producer::start(options, numbers(1)).err().unwrap().to_string();
    assert!(error.starts_with("kafka: no broker answers at 127.0.0.1:1 ("), "{error}");
    assert!(error.contains("refused"), "{error}");
    assert!(!error.contains('\n'), "{error}");
    assert!(start.elapsed() < Duration::from_secs(15));
}

#[test]
fn dropped_a_run_is_cut_short() {
    let cluster = cluster();
    let producer = Producer::start(options(&cluster), numbers(2)).unwrap();
    cluster.broker_down(-1).unwrap();
    std::thread::sleep(Duration::from_millis(200));
    let start = Instant::now();
    drop(producer);
    assert!(start.elapsed() < Duration::from_secs(5));
}

#[test]
fn keys_values_and_headers_come_as_they_were_sent() {
    let cluster = cluster();
    let client: BaseProducer =
        ClientConfig::new().set("bootstrap.servers", cluster.bootstrap_servers()).create().unwrap();
    let headers = OwnedHeaders::new()
        .insert(Header { key: "a", value: Some("1") })
        .insert(Header { key: "a", value: None::<&str> })
        .insert(Header { key: "", value: Some("") });
    let full = BaseRecord::to(TOPIC).partition(1).key("k").payload("v").timestamp(1234).headers(headers);
    client.send(full).unwrap();
    client.send(BaseRecord::<(), [u8]>::to(TOPIC).partition(1).payload(b"\xff\x00")).unwrap();
    client.send(BaseRecord::<[u8], ()>::to(TOPIC).partition(1).key(b"")).unwrap();
    client.flush(Duration::from_secs(10)).unwrap();

    let batches = read_to_end(&mut consumer(&cluster, None));
    let batch = arrow_select::concat::concat_batches(&batches[0].schema(), &batches).unwrap();
    assert_eq!(batch.num_rows(), 3);
    assert_eq!(batch["partition"].as_primitive::<Int32Type>().values(), &[1, 1, 1]);
    assert_eq!(batch["offset"].as_primitive::<Int64Type>().values(), &[0, 1, 2]);
    assert_eq!(batch["timestamp"].as_primitive::<TimestampMillisecondType>().value(0), 1234);
    let (keys, bodies) = (batch["key"].as_binary::<i32>(), batch["value"].as_binary::<i32>());
    assert_eq!(keys.iter().collect::<Vec<_>>(), [Some(&b"k"[..]), None, Some(b"")]);
    assert_eq!(bodies.iter().collect::<Vec<_>>(), [Some(&b"v"[..]), Some(b"\xff\x00"), None]);
    let lists = batch["headers"].as_list::<i32>();
    assert_eq!((lists.value_length(0), lists.value_length(1), lists.value_length(2)), (3, 0, 0));
    let first = lists.value(0);
    let first = first.as_struct();
    assert_eq!(first.column(0).as_string::<i32>().iter().collect::<Vec<_>>(), [Some("a"), Some("a"), Some("")]);
    assert_eq!(first.column(1).as_binary::<i32>().iter().collect::<Vec<_>>(), [Some(&b"1"[..]), None, Some(b"")]);
}

#[test]
fn an_empty_topic_is_at_its_end_at_once_and_polls_to_nothing() {
    let cluster = cluster();
    for group in [None, Some("readers")] {
        let mut consumer = consumer(&cluster, group);
        let ends = consumer.end_offsets().unwrap();
        assert_eq!(ends, BTreeMap::from([(0, 0), (1, 0), (2, 0)]));
        assert!(consumer.at_end(&ends).unwrap());
        let start = Instant::now();
        assert!(consumer.poll(10, Duration::from_millis(200)).unwrap().is_none());
        assert!(start.elapsed() >= Duration::from_millis(200));
    }
}

#[test]
fn a_poll_gives_no_more_than_was_asked_for_and_positions_follow() {
    let cluster = cluster();
    produce(&cluster, 100);
    let mut consumer = consumer(&cluster, None);
    let mut left = 100;
    while left > 0 {
        let Some(batch) = consumer.poll(7, Duration::from_secs(10)).unwrap() else { panic!("{left} are missing") };
        assert!(batch.num_rows() <= 7);
        left -= batch.num_rows();
        assert_eq!(consumer.position().unwrap().values().sum::<i64>(), 100 - i64::try_from(left).unwrap());
    }
    let ends = consumer.end_offsets().unwrap();
    assert!(consumer.at_end(&ends).unwrap());
    let beyond = ends.into_iter().map(|(partition, end)| (partition, end + 1)).collect();
    assert!(!consumer.at_end(&beyond).unwrap());
}

#[test]
fn a_group_goes_on_where_it_committed() {
    let cluster = cluster();
    produce(&cluster, 300);
    let mut first = consumer(&cluster, Some("group"));
    let mut seen = vec![];
    while values(&seen).len() < 100 {
        seen.extend(first.poll(50, Duration::from_secs(10)).unwrap());
    }
    first.commit().unwrap();
    // Read, and not committed.
    assert!(first.poll(1, Duration::from_secs(10)).unwrap().is_some());
    drop(first);

    let mut second = consumer(&cluster, Some("group"));
    seen.extend(read_to_end(&mut second));
    second.commit().unwrap();
    let mut got = values(&seen);
    got.sort_unstable();
    assert_eq!(got, (0..300).collect::<Vec<_>>());

    assert_eq!(second.position().unwrap().values().sum::<i64>(), 300);

    let mut third = consumer(&cluster, Some("group"));
    assert!(read_to_end(&mut third).is_empty());
}

#[test]
fn without_a_group_everything_comes_again_and_nothing_is_committed() {
    let cluster = cluster();
    produce(&cluster, 20);
    for _ in 0..2 {
        let mut consumer = consumer(&cluster, None);
        assert_eq!(values(&read_to_end(&mut consumer)).len(), 20);
        assert_eq!(consumer.commit().unwrap_err().to_string(), "kafka: nothing can be committed without a group");
    }
}

#[test]
fn two_members_of_a_group_share_the_partitions_and_both_see_the_end() {
    let cluster = cluster();
    produce(&cluster, 3000);
    let mut members = [consumer(&cluster, Some("pair")), consumer(&cluster, Some("pair"))];
    let ends = members[0].end_offsets().unwrap();
    let deadline = Instant::now() + Duration::from_mins(1);
    let mut seen = BTreeSet::new();
    loop {
        let mut done = true;
        for member in &mut members {
            if let Some(batch) = member.poll(100, Duration::from_millis(50)).unwrap() {
                seen.extend(values(&[batch]));
            }
            // In a rebalance it may be refused; the next one covers it.
            let _ = member.commit();
            done &= member.at_end(&ends).unwrap();
        }
        if done {
            break;
        }
        assert!(Instant::now() < deadline, "{} seen", seen.len());
    }
    assert_eq!(seen, (0..3000).collect());
    let shares: Vec<usize> = members.iter_mut().map(|member| member.position().unwrap().len()).collect();
    assert_eq!(shares.iter().sum::<usize>(), 3, "{shares:?}");
    assert!(!shares.contains(&0), "{shares:?}");
}

#[test]
fn a_consumer_waits_for_a_broker_that_comes_back() {
    let cluster = cluster();
    produce(&cluster, 10);
    let mut consumer = consumer(&cluster, None);
    assert_eq!(values(&read_to_end(&mut consumer)).len(), 10);
    cluster.broker_down(-1).unwrap();
    assert!(consumer.poll(10, Duration::from_secs(1)).unwrap().is_none());
    cluster.broker_up(-1).unwrap();
    produce(&cluster, 10);
    let batch = consumer.poll(10, Duration::from_secs(30)).unwrap();
    assert!(batch.is_some_and(|batch| batch.num_rows() > 0));
}

#[test]
fn a_broker_that_stays_away_is_an_error_of_polls_and_questions_and_no_obstacle_to_closing() {
    let cluster = cluster();
    produce(&cluster, 10);
    let mut members = [consumer(&cluster, None), consumer(&cluster, Some("left"))];
    for member in &mut members {
        assert_eq!(values(&read_to_end(member)).len(), 10);
    }
    cluster.broker_down(-1).unwrap();
    let brokers = cluster.bootstrap_servers();
    let expected = format!("kafka: no broker answers at {brokers} (");
    let start = Instant::now();
    let mut errors = vec![];
    while errors.len() < 2 {
        assert!(start.elapsed() < Duration::from_mins(2));
        for member in &mut members {
            match member.poll(10, Duration::from_millis(200)) {
                Ok(batch) => assert!(batch.is_none()),
                Err(error) => errors.push(error.to_string()),
            }
        }
    }
    assert!(errors.iter().all(|error| error.starts_with(&expected)), "{errors:?}");
    let error = members[0].end_offsets().unwrap_err().to_string();
    assert!(error.starts_with(&expected), "{error}");
    let start = Instant::now();
    drop(members);
    assert!(start.elapsed() < Duration::from_secs(20), "{:?}", start.elapsed());
}

#[test]
fn a_property_that_the_consumer_relies_on_is_refused() {
    let options = ConsumerOptions {
        brokers: "127.0.0.1:1".into(),
        topic: TOPIC.into(),
        config: properties(&[("enable.auto.commit", "true")]),
        ..ConsumerOptions::default()
    };
    let error = Consumer::new(&options).err().unwrap().to_string();
    assert!(error.contains("enable.auto.commit can't be set"), "{error}");
}
