use super::*;

fn at(last: u8) -> IpAddr {
    IpAddr::from([203, 0, 113, last])
}

fn of(connections: usize) -> Connections {
    Connections::new(ListenerLimits {
        connections,
        trusted: Arc::new(|address| address == at(250)),
        ..ListenerLimits::default()
    })
}

fn open(connections: &Connections) -> usize {
    connections.table().seats.len()
}

#[test]
fn the_longest_waiting_makes_room() {
    let table = of(3);
    let seats: Vec<_> = (1..=3).map(|n| table.admit(at(n), u64::from(n)).unwrap()).collect();
    seats[0].enter(State::Asked, 10);
    let fourth = table.admit(at(4), 20).unwrap();
    assert!(seats[1].closing.is_cancelled(), "the first is being served, the second waits longest");
    assert!(!seats[0].closing.is_cancelled() && !seats[2].closing.is_cancelled());
    for seat in [&seats[2], &fourth] {
        seat.enter(State::Asked, 30);
    }
    assert!(table.admit(at(5), 40).is_none(), "nobody waits: the new one is refused");
    seats[2].enter(State::Sending, 50);
    assert!(table.admit(at(5), 60).is_none(), "an answer on its way is not cut short");
    assert!(table.admit(at(5), 50 + SLOW + 1).is_some(), "unless it makes no progress");
    assert!(seats[2].closing.is_cancelled());
    // The connection's own end comes after: it is not counted twice.
    table.leave(&seats[2]);
    assert_eq!(open(&table), 3);
}

#[test]
fn one_address_keeps_sixty_four_waiting_at_most() {
    let table = of(1_000);
    for address in [at(1), IpAddr::from([127, 0, 0, 1]), at(250)] {
        let seats: Vec<_> = (0..100).map(|n| table.admit(address, n).unwrap()).collect();
        table.sweep(SLOW);
        assert_eq!(open(&table), 100, "a second is nothing");
        table.sweep(SLOW + 200);
        let after_one = 100 - open(&table);
        assert!(after_one <= MOST_CLOSED, "{after_one} at once");
        for _ in 0..3 {
            table.sweep(SLOW + 200);
        }
        let closed: Vec<bool> = seats.iter().map(|seat| seat.closing.is_cancelled()).collect();
        if address == at(250) {
            assert!(!closed.contains(&true), "a proxy of ours is not one client");
        } else {
            assert!(closed[..36].iter().all(|closed| *closed) && !closed[36..].contains(&true), "the oldest");
        }
        for seat in &seats {
            table.leave(seat);
        }
    }
    assert_eq!(open(&table), 0);
    assert!(table.table().of_network.is_empty());
}

#[test]
fn who_is_being_served_is_not_idle() {
    let table = of(1_000);
    let seats: Vec<_> = (0..200).map(|_| table.admit(at(1), 0).unwrap()).collect();
    for (n, seat) in seats.iter().enumerate() {
        seat.enter(if n % 2 == 0 { State::Asked } else { State::Streaming }, 0);
    }
    table.sweep(LONGEST * 100);
    assert_eq!(open(&table), 200);
}

#[test]
fn one_address_has_256_connections_at_most() {
    let table = of(1_000);
    for address in [at(1), IpAddr::from([127, 0, 0, 2]), "2001:db8::1".parse().unwrap()] {
        let seats: Vec<_> = (0..MOST_OF_ONE).map(|_| table.admit(address, 0).unwrap()).collect();
        for seat in &seats {
            seat.enter(State::Asked, 0);
        }
        let neighbour = if address.is_ipv6() { "2001:db8::ffff:1".parse().unwrap() } else { address };
        assert!(table.admit(neighbour, 1).is_none(), "{address}");
        seats[7].enter(State::Waiting, 2);
        assert!(table.admit(address, 2 + SLOW).is_none(), "who was quick a moment ago stays");
        assert!(table.admit(address, 3 + SLOW).is_some(), "its own slow one makes room");
        assert!(seats[7].closing.is_cancelled());
        assert!(table.admit(at(99), 4 + SLOW).is_some(), "others come in");
        *table.table() = Table::default();
    }
    for address in [IpAddr::from([127, 0, 0, 1]), "::1".parse().unwrap(), at(250)] {
        let seats: Vec<_> = (0..=MOST_OF_ONE).map(|_| table.admit(address, 0).unwrap()).collect();
        assert_eq!(seats.len(), MOST_OF_ONE + 1, "{address} is many people");
        *table.table() = Table::default();
    }
}

#[test]
fn a_slow_reader_is_closed_after_half_a_minute() {
    let table = of(10);
    let seat = table.admit(at(1), 0).unwrap();
    seat.enter(State::Sending, 5);
    table.sweep(LONGEST);
    assert!(!seat.closing.is_cancelled());
    table.sweep(LONGEST + 5);
    assert!(seat.closing.is_cancelled());
}

#[test]
fn networks() {
    for (one, other, same) in [
        ("::ffff:203.0.113.7", "203.0.113.7", true),
        ("2001:db8:0:1::1", "2001:db8:0:1:ffff::", true),
        ("2001:db8:0:1::1", "2001:db8:0:2::1", false),
        ("::1", "::2", false),
        ("203.0.113.7", "203.0.113.8", false),
    ] {
        let [one, other] = [one, other].map(|text| network_of(text.parse().unwrap()));
        assert_eq!(one == other, same, "{one} {other}");
    }
}
