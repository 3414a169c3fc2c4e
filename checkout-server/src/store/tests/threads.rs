//! What becomes of the threads that read and write, when somebody's work panics (G31).

use super::world::World;
use crate::store::StoreError;

#[tokio::test]
async fn what_panics_ends_neither_a_reader_nor_the_writer() {
    let world = World::new();
    // More often than there are readers.
    for _ in 0..10 {
        let read = world.store.read::<i64>(|_| panic!("of a reader")).await;
        assert!(matches!(read, Err(StoreError::Unavailable(_))), "{read:?}");
        let written = world.store.write::<i64>(|_| panic!("of the writer")).await;
        assert!(matches!(written, Err(StoreError::Unavailable(_))), "{written:?}");
    }
    let one = |connection: &rusqlite::Connection| Ok(connection.query_row("SELECT 1", [], |row| row.get::<_, i64>(0))?);
    assert_eq!(world.store.read(one).await.unwrap(), 1);
    assert_eq!(world.store.write(one).await.unwrap(), 1);
}
