create table if not exists reports (name text primary key, text text not null);
