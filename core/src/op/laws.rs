//! Laws of all ops: one random history, judged against plain models.
