//! The pool's steps, without processes.

use std::collections::BTreeMap;

use bytes::Bytes;
use tokio::sync::oneshot::{Receiver, error::TryRecvError};

use super::*;
use crate::local::faults::{FaultSettings, Faults};
use crate::local::lambda::invocation::Done;

const TIMEOUT: Duration = Duration::from_secs(3);

type Reply = Receiver<Result<Done, InvokeError>>;

fn config(code: &str) -> FunctionConfig {
    FunctionConfig {
        physical: "chat-local-Send".into(),
        handler: "Send".into(),
        bootstrap: "/code/bootstrap".into(),
        code_sha256: code.into(),
        memory_mb: 128,
        timeout_s: 3,
        environment: BTreeMap::new(),
        log_group: "/aws/lambda/chat-local-Send".into(),
    }
}

fn pool(instances: usize) -> Pool {
    Pool::new(config("a"), &LambdaLimits { instances, waiting: 3, ..LambdaLimits::default() })
}

fn job(id: &str) -> (Job, Reply) {
    let (reply, answer) = oneshot::channel();
    (Job { id: id.into(), payload: Bytes::new(), tail: false, reply }, answer)
}

fn submit(pool: &mut Pool, id: &str, now: Instant) -> (Result<Submitted, InvokeError>, Reply) {
    let (job, answer) = job(id);
    (pool.submit(job, now), answer)
}

/// Brings up the process of an invocation that found none; the process has that invocation then.
fn first(pool: &mut Pool, now: Instant) -> (u64, Reply) {
    let (Ok(Submitted::Starting(ticket)), answer) = submit(pool, "first", now) else {
        panic!("the first invocation starts a process")
    };
    assert!(matches!(pool.next(ticket.member, now), Next::Take(taken) if &*taken.id == "first"));
    (ticket.member, answer)
}

#[test]
fn an_idle_process_is_used_again() {
    let (mut pool, now) = (pool(10), Instant::now());
    let (member, _answer) = first(&mut pool, now);
    assert!(pool.answered(member, "other", now).is_none());
    assert!(pool.answered(member, "first", now).is_some());
    assert!(pool.answered(member, "first", now).is_none(), "an answer counts once");
    let Next::Wait(mut comes) = pool.next(member, now) else { panic!("nothing waits") };
    let (submitted, _second) = submit(&mut pool, "second", now);
    assert!(matches!(submitted, Ok(Submitted::Delivered)));
    assert_eq!(&*comes.try_recv().unwrap().id, "second");
    assert_eq!(pool.status().cold_starts, 1);
}

#[test]
fn what_waits_is_served_in_order_before_another_process_is_started() {
    let (mut pool, now) = (pool(10), Instant::now());
    let (member, _answer) = first(&mut pool, now);
    let (second, _second) = submit(&mut pool, "second", now);
    assert!(matches!(second, Ok(Submitted::Waiting)));
    let (third, _third) = submit(&mut pool, "third", now);
    assert!(matches!(third, Ok(Submitted::Waiting)));
    pool.answered(member, "first", now).unwrap();
    assert!(matches!(pool.next(member, now), Next::Take(taken) if &*taken.id == "second"));
    assert!(matches!(pool.next(member, now), Next::Refuse), "it has one already");
}

#[test]
fn it_grows_up_to_its_limit_and_throttles_beyond() {
    let (mut pool, now) = (pool(2), Instant::now());
    let (_member, _answer) = first(&mut pool, now);
    assert!(pool.grow(now).is_none(), "nothing waits");
    let mut waiting = Vec::new();
    for id in ["a", "b", "c"] {
        let (submitted, answer) = submit(&mut pool, id, now);
        assert!(matches!(submitted, Ok(Submitted::Waiting)));
        waiting.push(answer);
    }
    assert!(pool.grow(now).is_some());
    assert!(pool.grow(now).is_none(), "two are the most");
    assert!(matches!(submit(&mut pool, "d", now).0, Err(InvokeError::Throttled)));
}

#[test]
fn a_timeout_takes_the_invocation_and_the_process() {
    let (mut pool, now) = (pool(10), Instant::now());
    let (member, _answer) = first(&mut pool, now);
    assert!(matches!(pool.check(member, now), Check::At(at) if at == now + TIMEOUT));
    let Check::TimedOut(running) = pool.check(member, now + TIMEOUT) else { panic!("it is due") };
    let Invocation::FunctionError { payload, .. } = running.timed_out(3) else {
        panic!("an error")
    };
    assert_eq!(
        payload,
        r#"{"errorMessage":"RequestId: first Error: Task timed out after 3.00 seconds","errorType":"Sandbox.Timedout"}"#
    );
    assert!(pool.answered(member, "first", now).is_none(), "too late");
    assert!(matches!(pool.next(member, now), Next::End));
    assert!(pool.exited(member).is_none(), "nothing is lost twice");
    assert!(pool.is_empty());
}

#[test]
fn an_invocation_that_begins_after_a_look_is_not_due_before_the_next() {
    let (mut pool, now) = (pool(10), Instant::now());
    let (Ok(Submitted::Starting(ticket)), _answer) = submit(&mut pool, "first", now) else {
        panic!("the first invocation starts a process")
    };
    let member = ticket.member;
    assert!(matches!(pool.check(member, now), Check::At(at) if at == now + TIMEOUT));
    assert!(matches!(pool.next(member, now), Next::Take(_)));
    pool.answered(member, "first", now).unwrap();
    let Next::Wait(_comes) = pool.next(member, now) else { panic!("nothing waits") };
    let Check::At(next) = pool.check(member, now) else { panic!("it idles") };
    let begin = now + Duration::from_millis(1);
    let _second = submit(&mut pool, "second", begin);
    assert!(next <= begin + TIMEOUT);
    assert!(matches!(pool.check(member, next), Check::At(at) if at == begin + TIMEOUT));
}

#[test]
fn the_end_of_a_process_costs_what_it_had_taken_and_no_more() {
    let (mut pool, now) = (pool(10), Instant::now());
    let (member, _answer) = first(&mut pool, now);
    assert_eq!(&*pool.exited(member).unwrap().job.id, "first");

    let (member, _answer) = first(&mut pool, now);
    pool.answered(member, "first", now).unwrap();
    let Next::Wait(_comes) = pool.next(member, now) else { panic!("nothing waits") };
    let (_, mut second) = submit(&mut pool, "second", now);
    // It dies before it has read what it was sent.
    assert!(pool.exited(member).is_none());
    let ticket = pool.needed(now).expect("the second invocation waits again");
    assert!(matches!(pool.next(ticket.member, now), Next::Take(taken) if &*taken.id == "second"));
    assert!(matches!(second.try_recv(), Err(TryRecvError::Empty)));
}

#[test]
fn a_start_that_fails_is_told_and_not_repeated_at_once() {
    let (mut pool, now) = (pool(10), Instant::now());
    let (Ok(Submitted::Starting(ticket)), mut answer) = submit(&mut pool, "first", now) else {
        panic!("the first invocation starts a process")
    };
    pool.start_failed(ticket.member, "no such file", now);
    let told = answer.try_recv().unwrap();
    assert_eq!(told.unwrap_err(), InvokeError::Start("no such file".into()));
    let (again, _answer) = submit(&mut pool, "again", now + BACK_OFF / 2);
    assert!(matches!(again, Err(InvokeError::Start(reason)) if reason == "no such file"));
    let (later, _answer) = submit(&mut pool, "later", now + BACK_OFF);
    assert!(matches!(later, Ok(Submitted::Starting(_))));
}

#[test]
fn a_new_version_replaces_idle_processes_and_waits_for_busy_ones() {
    let (mut pool, now) = (pool(10), Instant::now());
    let (busy, _answer) = first(&mut pool, now);
    pool.reconfigure(config("a"));
    assert!(matches!(pool.next(busy, now), Next::Refuse), "nothing has changed");
    pool.reconfigure(config("b"));
    assert!(pool.answered(busy, "first", now).is_some(), "it may finish");
    assert!(matches!(pool.next(busy, now), Next::End));
    let (Ok(Submitted::Starting(ticket)), _answer) = submit(&mut pool, "second", now) else {
        panic!("no process of the new version is there")
    };
    assert_eq!(ticket.config.code_sha256, "b");
}

#[test]
fn idle_processes_end_but_for_the_last() {
    let (mut pool, now) = (pool(10), Instant::now());
    let (one, _answer) = first(&mut pool, now);
    let (_, _second) = submit(&mut pool, "second", now);
    let two = pool.grow(now).unwrap().member;
    assert!(matches!(pool.next(two, now), Next::Take(_)));
    for (member, id) in [(one, "first"), (two, "second")] {
        pool.answered(member, id, now).unwrap();
        assert!(matches!(pool.next(member, now), Next::Wait(_)));
    }
    let late = now + LambdaLimits::default().idle;
    assert!(matches!(pool.check(one, late), Check::Kill));
    assert!(matches!(pool.check(two, late), Check::At(_)));
    pool.exited(one);
    assert_eq!(pool.status().instances, 1);
}

#[test]
fn a_doomed_invocation_cannot_be_answered() {
    let (mut pool, now) = (pool(10), Instant::now());
    let (member, _answer) = first(&mut pool, now);
    let faults = Faults::default();
    let crash = FaultSettings { crash_function: Some("Echo".into()), ..FaultSettings::default() };
    faults.set(crash);
    assert!(faults.take_crash("stage-Other").is_none());
    pool.doom(member, faults.take_crash("stage-Echo").unwrap());
    assert!(pool.answered(member, "first", now).is_none());
    let running = pool.exited(member).unwrap();
    let Invocation::FunctionError { payload, .. } = running.crashed("signal: killed") else {
        panic!("an error")
    };
    assert_eq!(
        payload,
        r#"{"errorMessage":"RequestId: first Error: Runtime exited with error: signal: killed","errorType":"Runtime.ExitError"}"#
    );
}

#[test]
fn closing_tells_everyone() {
    let (mut pool, now) = (pool(1), Instant::now());
    let (member, mut running) = first(&mut pool, now);
    let (_, mut waiting) = submit(&mut pool, "second", now);
    pool.close();
    assert_eq!(running.try_recv().unwrap().unwrap_err(), InvokeError::closing());
    assert_eq!(waiting.try_recv().unwrap().unwrap_err(), InvokeError::closing());
    assert!(submit(&mut pool, "third", now).0.is_err());
    pool.exited(member);
    assert!(pool.is_empty());
}
