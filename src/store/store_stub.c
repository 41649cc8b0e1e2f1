/* Placeholder so that the storey builds; goes with the storey's first real file. */
typedef int hr_store_stub;
