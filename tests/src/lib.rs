//! The product through its public doors.
